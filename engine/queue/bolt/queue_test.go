package bolt

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/queue/queuetest"
)

func TestQueue(t *testing.T) {
	queuetest.Run(t, func(_ testing.TB, dir string, now func() time.Time) queue.Queue {
		return New(filepath.Join(dir, "queue.db"), now)
	})
}
