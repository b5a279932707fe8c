// Command screens makes pictures of what froyo shows: it runs froyo in
// terminals of fixed sizes against the hosts of a lab, types what an operator
// would, and draws what the terminal showed as SVG. The pictures of the README
// go to one directory; those of all situations, at 80 and 200 columns, dark and
// light, and as text, to another, for those who change what is shown to look at.
//
//	testdata/lab/lab.sh with 20 go run ./testdata/screens --out docs --all bin/screens
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "screens:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	froyo := flag.String("froyo", "bin/froyo", "the program")
	out := flag.String("out", "docs", "directory of the README's pictures")
	all := flag.String("all", "bin/screens", "directory of the pictures of all situations")
	runbook := flag.String("runbook", "testdata/screens/site.star", "the runbook")
	last := flag.String("last", "resume", "the situation to end with")
	flag.Parse()
	s, err := newStudio(*froyo, *runbook)
	if err != nil {
		return err
	}
	defer os.RemoveAll(s.dir)
	if err := os.MkdirAll(*all, 0o755); err != nil {
		return err
	}
	for _, columns := range []int{80, 200} {
		if err := s.tour(ctx, columns, *last, func(name string, frames []frame) error {
			return saveAll(*all, fmt.Sprintf("%s-%d", name, columns), frames)
		}); err != nil {
			return err
		}
	}
	return s.tour(ctx, readmeColumns, "apply", func(name string, frames []frame) error {
		if !inReadme[name] {
			return nil
		}
		return saveMoving(filepath.Join(*out, name+".svg"), frames)
	})
}

// The README's pictures are as wide as a page shows them without making them smaller.
const readmeColumns = 88

var inReadme = map[string]bool{"plan": true, "apply": true, "repl": true}

// saveAll saves each frame on its own, dark and light, and as text.
func saveAll(dir, name string, frames []frame) error {
	var failed error
	for i, f := range frames {
		at := filepath.Join(dir, fmt.Sprintf("%s-%d", name, i+1))
		failed = errors.Join(failed, os.WriteFile(at+".txt", f.text(), 0o644))
		for _, t := range []theme{dark, light} {
			failed = errors.Join(failed, os.WriteFile(at+"-"+t.name+".svg", draw(name, []frame{f}, t), 0o644))
		}
	}
	fmt.Printf("%s: %d frames\n", filepath.Join(dir, name), len(frames))
	return failed
}

// maxPicture bounds a picture that is kept with the sources.
const maxPicture = 40_000

// saveMoving saves the frames one after the other in one picture: of several, what is on the screen.
func saveMoving(path string, frames []frame) error {
	if len(frames) > 1 {
		for i, f := range frames {
			frames[i].rows = f.rows[max(0, len(f.rows)-rows):]
		}
	}
	svg := draw("froyo "+filepath.Base(path[:len(path)-len(".svg")]), frames, either)
	if len(svg) > maxPicture {
		return fmt.Errorf("%s has %d bytes, more than %d", path, len(svg), maxPicture)
	}
	fmt.Printf("%s: %d bytes, %d frames\n", path, len(svg), len(frames))
	return os.WriteFile(path, svg, 0o644)
}
