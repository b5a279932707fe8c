package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"strconv"

	"go.etcd.io/bbolt"

	"github.com/openfroyo/froyo/engine/storefault"
)

// The bucket that says what the file is, and what it says.
var (
	metaBucket = []byte("meta")
	kindKey    = []byte("kind")
	formatKey  = []byte("format")
)

const (
	kind   = "froyo queue"
	format = 1 // raised where an older froyo would do harm
)

func writeFormat(tx *bbolt.Tx) error {
	meta := tx.Bucket(metaBucket)
	return errors.Join(meta.Put(kindKey, []byte(kind)), meta.Put(formatKey, []byte(strconv.Itoa(format))))
}

// checkFormat refuses what is not a queue, and what a later froyo wrote.
func checkFormat(tx *bbolt.Tx) error {
	meta := tx.Bucket(metaBucket)
	if meta == nil || string(meta.Get(kindKey)) != kind {
		return fmt.Errorf("%w: it is a bbolt file, but not froyo's queue", storefault.ErrCorrupt)
	}
	said := string(meta.Get(formatKey))
	n, err := strconv.Atoi(said)
	switch {
	case err != nil || n < 1:
		return fmt.Errorf("%w: it is of format %.40q", storefault.ErrCorrupt, said)
	case n > format:
		return fmt.Errorf("%w: it is of format %d, and this froyo knows %d", storefault.ErrNewer, n, format)
	case tx.Bucket(itemsBucket) == nil || tx.Bucket(idsBucket) == nil:
		return fmt.Errorf("%w: a bucket is missing", storefault.ErrCorrupt)
	}
	return nil
}

// What the first two pages of a bbolt file hold, each behind a header of its page.
const (
	metaSize    = 80
	boltMagic   = 0xED0CDAED
	boltVersion = 2
	noFreelist  = 1<<64 - 1
	pageSizeMax = 64 << 10
	pageSizeMin = 1 << 10
)

// header is what one of those pages says.
type header struct {
	pageSize uint32
	freelist uint64
	pages    uint64 // in use, the file has no fewer
	tx       uint64
}

// checkHeader refuses what bbolt would not survive: it maps what the file says
// that it has, and looks for free pages in a way that ends the process where
// the file is damaged.
func checkHeader(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return fmt.Errorf("%w: it is empty", storefault.ErrCorrupt)
	}
	size := int64(os.Getpagesize())
	first, ok := readHeader(f, 0)
	if ok {
		size = int64(first.pageSize)
	}
	second, also := readHeader(f, size)
	switch {
	case !ok && !also:
		return fmt.Errorf("%w: it is no bbolt file", storefault.ErrCorrupt)
	case !ok || also && second.tx > first.tx:
		first = second
	}
	if first.freelist == noFreelist || first.freelist >= first.pages {
		return fmt.Errorf("%w: it has no list of its free pages", storefault.ErrCorrupt)
	}
	if has := uint64(info.Size()) / uint64(first.pageSize); has < first.pages {
		return fmt.Errorf("%w: it has %d pages and should have %d", storefault.ErrCorrupt, has, first.pages)
	}
	return nil
}

func readHeader(f *os.File, at int64) (header, bool) {
	var page [metaSize]byte
	if _, err := f.ReadAt(page[:], at); err != nil && !errors.Is(err, io.EOF) {
		return header{}, false
	}
	u32 := func(at int) uint32 { return binary.NativeEndian.Uint32(page[at:]) }
	u64 := func(at int) uint64 { return binary.NativeEndian.Uint64(page[at:]) }
	sum := fnv.New64a()
	_, _ = sum.Write(page[16:72]) // never fails
	h := header{pageSize: u32(24), freelist: u64(48), pages: u64(56), tx: u64(64)}
	good := u32(16) == boltMagic && u32(20) == boltVersion && u64(72) == sum.Sum64() &&
		h.pageSize >= pageSizeMin && h.pageSize <= pageSizeMax && h.pageSize&(h.pageSize-1) == 0
	return h, good
}
