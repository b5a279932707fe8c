package dial_test

import (
	"testing"

	"github.com/openfroyo/froyo/runner/proctree/proctreetest"
)

func TestMain(m *testing.M) { proctreetest.Main(m) }
