// The racer is what froyo's file ops are tried against: a user who changes his
// own directory as fast as he can, so that each of its names is now a file, now a
// link to what is not his, and a helper of root's who makes hard links and
// mounts there, which the user himself might be kept from.
//
//	racer user HOME SECRETS     as the user, until it is signalled
//	racer root HOME SECRETS     as root, likewise
//
// HOME is the user's directory; SECRETS is root's, and must stay as it is. At
// its end it prints how often it did what.
package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Names in HOME, by what the runbook does with them.
var (
	files = names("n", 60) // of files that the runbook writes or reads
	dirs  = names("d", 6)  // of directories on the way to such files
	trees = []string{"tree", "gone"}
	hard  = names("h", 6) // of files that root's helper makes hard links of
)

func names(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(prefix, i)
	}
	return all
}

// racer is one of the two.
type racer struct {
	home, secrets string
	counts        map[string]int
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: racer user|root HOME SECRETS")
		os.Exit(2)
	}
	r := &racer{home: os.Args[2], secrets: os.Args[3], counts: map[string]int{}}
	turn := r.user
	if os.Args[1] == "root" {
		turn = r.root
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	for limit := time.After(time.Hour); ; {
		select {
		case <-end:
		case <-limit:
		default:
			turn()
			time.Sleep(time.Duration(rand.IntN(1500)) * time.Microsecond)
			continue
		}
		break
	}
	r.unmount()
	var said []string
	for what, n := range r.counts {
		said = append(said, fmt.Sprintf("%s=%d", what, n))
	}
	slices.Sort(said)
	fmt.Println(os.Args[1], strings.Join(said, " "))
}

// did counts what was tried and worked.
func (r *racer) did(what string, errs ...error) {
	if errors.Join(errs...) == nil {
		r.counts[what]++
	}
}

func pick(from []string) string { return from[rand.IntN(len(from))] }

func (r *racer) in(name string) string { return filepath.Join(r.home, name) }

// put makes something under a fresh name and renames it over name, in one step where that works.
func (r *racer) put(name string, make func(at string) error) error {
	fresh := r.in(fmt.Sprintf(".r%d", rand.Uint64()))
	if err := make(fresh); err != nil {
		return err
	}
	err := os.Rename(fresh, r.in(name))
	if err != nil {
		_ = os.Rename(r.in(name), r.in(fmt.Sprintf(".old%d", rand.IntN(8))))
		_ = os.RemoveAll(r.in(name))
		err = os.Rename(fresh, r.in(name))
	}
	if err != nil {
		_ = os.RemoveAll(fresh)
	}
	return err
}

func link(target string) func(at string) error {
	return func(at string) error { return os.Symlink(target, at) }
}

func file(at string) error { return os.WriteFile(at, []byte("mine\n"), 0o644) }

func dir(at string) error {
	return errors.Join(os.Mkdir(at, 0o755), os.WriteFile(at+"/a", nil, 0o644), os.Mkdir(at+"/sub", 0o755), os.Mkdir(at+"/m", 0o755))
}

// user does one of the things that an unprivileged user can do.
func (r *racer) user() {
	secret := filepath.Join(r.secrets, pick([]string{"secret", "d/inner", "none", "d", ""}))
	switch rand.IntN(30) {
	case 0, 1:
		r.did("file", r.put(pick(files), file))
	case 2, 3:
		r.did("link", r.put(pick(files), link(secret)))
	case 4: // a link to a link
		r.did("chain", r.put("chain", link(secret)), r.put(pick(files), link(pick([]string{"chain", r.in("chain"), "../" + filepath.Base(r.home) + "/chain"}))))
	case 5:
		r.did("directory", r.put(pick(dirs), dir))
	case 6, 7:
		r.did("directory as link", r.put(pick(dirs), link(pick([]string{r.secrets, r.secrets + "/d", "..", "chain", "d0"}))))
	case 8:
		r.did("rename", os.Rename(r.in(pick(dirs)), r.in(pick(dirs))))
		r.did("rename", os.Rename(r.in(pick(files)), r.in(pick(files))))
	default: // what froyo makes, in its hands
		r.drafts(secret)
	case 9: // inside of what is walked through
		at := filepath.Join(pick(trees), pick([]string{"a", "sub", "x", "sub/y", "m"}))
		_ = os.MkdirAll(filepath.Dir(r.in(at)), 0o755)
		r.did("in a tree", r.put(at, pickMaker(secret)))
	case 10:
		_ = os.Link(filepath.Join(r.secrets, "secret"), r.in(pick(hard))) // mostly the kernel forbids it
		r.did("tree", r.put(pick(trees), dir))
	}
}

func pickMaker(secret string) func(at string) error {
	return []func(string) error{file, dir, link(secret)}[rand.IntN(3)]
}

// drafts exchanges the files that froyo has not put in place yet.
func (r *racer) drafts(secret string) {
	found, _ := filepath.Glob(r.in(".froyo-*")) // the pattern is valid
	for _, at := range found {
		if info, err := os.Lstat(at); err != nil || int(info.Sys().(*syscall.Stat_t).Uid) == os.Geteuid() {
			continue // it is gone, or was exchanged before
		}
		name := filepath.Base(at)
		r.did("draft exchanged", r.put(name, pickMaker(secret)))
	}
}

// root makes and undoes what a user may be kept from, in the user's directory. It
// takes care itself to stay in there.
func (r *racer) root() {
	secret := filepath.Join(r.secrets, pick([]string{"secret", "d/inner"}))
	home, err := os.OpenRoot(r.home)
	if err != nil {
		return
	}
	defer home.Close()
	switch rand.IntN(30) {
	case 0, 1, 2:
		name := pick(append(hard, files[:20]...))
		if rand.IntN(8) == 0 {
			name = filepath.Join(pick(trees), pick([]string{"a", "sub/z"}))
		}
		fresh := fmt.Sprintf(".r%d", rand.Uint64())
		r.did("hard link", os.Link(secret, r.in(fresh)), home.Rename(fresh, name))
		_ = home.Remove(fresh) // most often it is gone
	case 3, 4:
		// Not at tree itself, of which the runbook wants that what is there becomes the user's.
		f, err := home.Open(pick([]string{"tree/m", "tree/sub", "gone", "gone/m", "gone/sub"}))
		if err != nil {
			return
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.IsDir() {
			r.did("mount", syscall.Mount(filepath.Join(r.secrets, "d"), fmt.Sprintf("/proc/self/fd/%d", f.Fd()), "", syscall.MS_BIND, ""))
		}
	case 5:
		r.unmount()
	}
}

// unmount undoes all mounts below the user's directory, wherever they were moved.
func (r *racer) unmount() {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || os.Geteuid() != 0 {
		return
	}
	lines := strings.Split(string(text), "\n")
	slices.Reverse(lines)
	for _, line := range lines {
		if fields := strings.Fields(line); len(fields) > 4 && strings.HasPrefix(fields[4], r.home+"/") {
			r.did("unmount", syscall.Unmount(strings.ReplaceAll(fields[4], `\040`, " "), syscall.MNT_DETACH|0x8)) // UMOUNT_NOFOLLOW
		}
	}
}
