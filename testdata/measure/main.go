// Measure prints how large the rooms of a Go module are: its packages, files, functions and types.
//
//	go run ./testdata/measure [DIRECTORY]
//
// The directory is the root of a module, and this repository's where none is given. Tests are left out.
package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/testdata/measure/source"
)

// roomy is how many files a package has at most before the table names it.
const roomy = 10

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	if err := measure(os.Stdout, root); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func measure(out io.Writer, root string) error {
	path, err := modulePath(root)
	if err != nil {
		return err
	}
	m, err := source.Read(root, path)
	if err != nil {
		return err
	}
	table(out, m)
	listOf(out, "Packages of more than 10 files", largest(m.Packages, roomy+1, func(p *source.Package) int { return len(p.Files) }, packageName))
	types := allTypes(m)
	listOf(out, "Types with the most methods", largest(types, 16, func(t *source.Type) int { return len(t.Methods) }, methodsOf))
	listOf(out, "Structs of more than 20 fields", largest(types, 21, (*source.Type).Fields, func(t *source.Type) string {
		if why := m.Machinery(t); why != "" {
			return t.String() + "; no plain data: " + why
		}
		return t.String() + "; plain data"
	}))
	listOf(out, "Structs that embed machinery", embedding(m, types))
	return nil
}

// table prints one row of what the module measures for each subject.
func table(out io.Writer, m *source.Module) {
	var perPackage, perFile, perFunc []int
	files, roomier, exported, documented := 0, 0, 0, 0
	for _, p := range m.Packages {
		perPackage = append(perPackage, len(p.Files))
		files += len(p.Files)
		if len(p.Files) > roomy {
			roomier++
		}
		exported, documented = exported+p.Exported, documented+p.Documented
		for _, f := range p.Files {
			perFile = append(perFile, f.Lines)
		}
		for _, f := range p.Funcs {
			perFunc = append(perFunc, f.Lines)
		}
	}
	fmt.Fprintf(out, "| | %s |\n|---|---|\n", m.Path)
	fmt.Fprintf(out, "| packages / files | %d/%d |\n", len(m.Packages), files)
	fmt.Fprintf(out, "| files a package, median·p90·max | %s |\n", spread(perPackage))
	fmt.Fprintf(out, "| packages over %d files | %d |\n", roomy, roomier)
	fmt.Fprintf(out, "| lines a file, median·p90·max | %s |\n", spread(perFile))
	fmt.Fprintf(out, "| lines a function, median·p90·max | %s |\n", spread(perFunc))
	fmt.Fprintf(out, "| documented exports | %d %% |\n", 100*documented/max(1, exported))
}

// spread is the median, the 90th percentile and the largest of some numbers.
func spread(of []int) string {
	if len(of) == 0 {
		return "-"
	}
	slices.Sort(of)
	return fmt.Sprintf("%d·%d·%d", of[len(of)/2], of[len(of)*9/10], of[len(of)-1])
}

// largest lists what measures at least so much, the largest first.
func largest[T any](all []T, least int, size func(T) int, name func(T) string) []string {
	all = slices.DeleteFunc(slices.Clone(all), func(t T) bool { return size(t) < least })
	slices.SortStableFunc(all, func(a, b T) int { return cmp.Compare(size(b), size(a)) })
	var lines []string
	for _, t := range all {
		lines = append(lines, fmt.Sprintf("%4d  %s", size(t), name(t)))
	}
	return lines
}

// listOf prints lines under a title, if there are any.
func listOf(out io.Writer, title string, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintf(out, "\n%s\n\n    %s\n", title, strings.Join(lines, "\n    "))
	}
}

func packageName(p *source.Package) string { return p.Dir }

func methodsOf(t *source.Type) string {
	if n := t.MethodFiles(); n > 1 {
		return fmt.Sprintf("%s, in %d files", t, n)
	}
	return t.String()
}

func allTypes(m *source.Module) []*source.Type {
	var types []*source.Type
	for _, p := range m.Packages {
		for _, t := range p.Types {
			types = append(types, t)
		}
	}
	slices.SortFunc(types, func(a, b *source.Type) int { return cmp.Compare(a.String(), b.String()) })
	return types
}

// embedding lists structs with those that they embed.
func embedding(m *source.Module, types []*source.Type) []string {
	var lines []string
	for _, t := range types {
		for _, other := range m.Embeds(t) {
			lines = append(lines, t.String()+" embeds "+other.String())
		}
	}
	return lines
}

// modulePath reads from go.mod how imports name the module.
func modulePath(root string) (string, error) {
	f, err := os.Open(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if path, ok := strings.CutPrefix(lines.Text(), "module "); ok {
			return strings.TrimSpace(path), nil
		}
	}
	return "", errors.New(f.Name() + " names no module")
}
