package check

import (
	"crypto/sha256"
	"sync"

	"github.com/openfroyo/froyo/runner/codec"
)

// Sizes of the cache of one type: at most cacheShards*cacheShare calls are remembered.
const (
	cacheShards = 16
	cacheShare  = 512
)

// digest identifies the arguments of a call.
type digest [sha256.Size]byte

// answer is what a check found: arguments or problems.
type answer struct {
	args     codec.Raw
	problems []Problem
}

// cache remembers the answers to calls, so that arguments that many hosts
// share are checked, and held in memory, once. A full shard starts afresh.
type cache struct {
	shards [cacheShards]struct {
		sync.RWMutex
		answers map[digest]answer
	}
}

func (c *cache) get(key digest) (answer, bool) {
	shard := &c.shards[key[0]%cacheShards]
	shard.RLock()
	defer shard.RUnlock()
	a, ok := shard.answers[key]
	return a, ok
}

func (c *cache) put(key digest, a answer) {
	shard := &c.shards[key[0]%cacheShards]
	shard.Lock()
	defer shard.Unlock()
	if shard.answers == nil || len(shard.answers) >= cacheShare {
		shard.answers = make(map[digest]answer)
	}
	shard.answers[key] = a
}
