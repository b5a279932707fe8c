package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/openfroyo/froyo/providers"
	"github.com/openfroyo/froyo/runner"
)

// TestMain makes the test binary serve as froyo for the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"froyo": main})
}

// generated reports why the guests and runners are not embedded, or "".
func generated() string {
	files, err := providers.Package("linux")
	if err == nil {
		_, err = fs.Stat(files, providers.Plugin)
	}
	if err == nil {
		_, _, _, err = runner.Binary("linux", runtime.GOARCH)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// TestScripts runs testdata/script/*.txtar. FROYO_UPDATE=1 rewrites what they compare.
func TestScripts(t *testing.T) {
	why := generated()
	if why != "" {
		t.Logf("scripts that work on a host are skipped: %s; run make", why)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireUniqueNames: true, RequireExplicitExec: true, UpdateScripts: os.Getenv("FROYO_UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home")
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/.state")
			e.Setenv("XDG_CACHE_HOME", cacheDir)
			e.Setenv("ROOT", e.WorkDir+"/root")
			return os.MkdirAll(e.WorkDir+"/home", 0o700)
		},
		Condition: func(name string) (bool, error) {
			if name == "generated" {
				return why == "", nil
			}
			return false, errors.New("unknown condition")
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// cacheDir keeps compiled guests for all scripts of this run.
var cacheDir = func() string {
	dir, err := os.MkdirTemp("", "froyo-test-cache.")
	if err != nil {
		panic(err)
	}
	return dir
}()

// exits runs a command and compares its exit code: exits 2 froyo plan
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
