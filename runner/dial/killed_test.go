package dial_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
	"github.com/openfroyo/froyo/runner/local"
)

// controllerEnv makes the test's program a controller that works in that directory.
const controllerEnv = "FROYO_TEST_CONTROLLER"

// TestControllerKilled ends a controller with SIGKILL while its runner performs
// an op: the program under way ends, the runner ends, and nothing is left.
func TestControllerKilled(t *testing.T) {
	if dir := os.Getenv(controllerEnv); dir != "" {
		s := dial.Open(local.New("tester", os.Environ()), dial.Options{Host: "h1", Binary: dialtest.Binary(t)})
		_, err := s.Do(t.Context(), steps(shell("echo $$ $PPID >"+dir+"/pids.new; mv "+dir+"/pids.new "+dir+"/pids; exec sleep 3600")))
		t.Fatalf("the op ended: %v", err)
	}
	h := newHost(t)
	dir := t.TempDir()
	controller := exec.Command(os.Args[0], "-test.run=^TestControllerKilled$")
	controller.Env = append(os.Environ(), controllerEnv+"="+dir, "XDG_RUNTIME_DIR="+h.dir)
	if err := controller.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []byte
	eventually(t, "the op to start", func() bool {
		var err error
		pids, err = os.ReadFile(filepath.Join(dir, "pids"))
		return err == nil
	})
	if err := controller.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = controller.Wait() // it was killed, and says so
	for pid := range bytes.FieldsSeq(pids) {
		eventually(t, "process "+string(pid)+" to end", func() bool {
			_, err := os.Stat("/proc/" + string(pid))
			return err != nil
		})
	}
}

// eventually waits for what other processes do.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
