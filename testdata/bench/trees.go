package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Of the tree that is brought: how many files in how many directories, and how large the largest is.
const (
	treeFiles       = 1000
	treeDirectories = 40
	treeLargest     = 16 << 10
)

// mostOfRsync is how many times as long as rsync froyo may take.
const mostOfRsync = 1.5

const treeRunbook = `
def do(host):
    sync("/srv/bench/froyo", src = "tree")

play("tree", hosts = "all", do = do)
`

// trees measures sync beside rsync over the same ssh, on one host: with nothing there, and with all there.
func (b *bench) trees(ctx context.Context, runs int) error {
	rsync, err := exec.LookPath("rsync")
	if err != nil {
		return errors.New("no rsync here to compare with: apt-get install rsync")
	}
	h := b.hosts[0]
	if err := b.onHost(ctx, h, "apt-get install -y -qq rsync >/dev/null"); err != nil {
		return err
	}
	if err := b.writeTree(); err != nil {
		return err
	}
	inventory, err := filepath.Abs(b.inventory)
	if err != nil {
		return err
	}
	here := func(cmd *exec.Cmd) *exec.Cmd {
		cmd.Dir = filepath.Join(b.dir, "trees")
		return cmd
	}
	ssh := "ssh -q -F none -i " + h.key + " -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile=" + b.knownHosts()
	contenders := []contender{
		{"froyo apply", one(func() *exec.Cmd {
			return here(b.froyoCommand(ctx, "apply", "-y", "site.star", "-i", inventory, "-l", h.name))
		})},
		{"rsync -a --checksum", one(func() *exec.Cmd {
			return here(exec.CommandContext(ctx, rsync, "-a", "--checksum", "-e", ssh, "tree/", "root@"+h.address+":/srv/bench/rsync/"))
		})},
	}
	first, err := b.turns(runs, contenders, func() error { return b.onHost(ctx, h, "rm -rf /srv/bench; mkdir /srv/bench; sync") })
	if err != nil {
		return err
	}
	for _, c := range contenders { // all is there for what follows
		if _, err := b.measure(c); err != nil {
			return err
		}
	}
	again, err := b.turns(runs, contenders, func() error { return nil })
	if err != nil {
		return err
	}
	return compareTrees(first, again)
}

// compareTrees prints the medians, and fails where froyo takes too long.
func compareTrees(first, again []result) error {
	fmt.Printf("| %d files | first | nothing to change | traffic, first |\n|---|---|---|---|\n", treeFiles)
	for i := range first {
		fmt.Printf("| %s | %.2f s | %.2f s | %.1f MB |\n", first[i].name, first[i].median(wall), again[i].median(wall),
			first[i].median(func(s sample) float64 { return float64(s.traffic) })/1e6)
	}
	late := false
	var ratios []string
	for _, r := range [][]result{first, again} {
		ratio := r[0].median(wall) / r[1].median(wall)
		late = late || ratio > mostOfRsync
		ratios = append(ratios, fmt.Sprintf("%.2f", ratio))
	}
	fmt.Printf("| of rsync | %s | |\n", strings.Join(ratios, " | "))
	if late {
		return fmt.Errorf("froyo takes more than %.1f of rsync", mostOfRsync)
	}
	return nil
}

func (b *bench) onHost(ctx context.Context, h host, script string) error {
	for _, cmd := range b.sshCommands(ctx, script, h) {
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s on %s: %w\n%s", script, h.name, err, out)
		}
	}
	return nil
}

// writeTree writes the workspace with the tree, which is the same each time.
func (b *bench) writeTree() error {
	dir := filepath.Join(b.dir, "trees")
	random := rand.NewChaCha8([32]byte{})
	sizes := rand.New(random)
	for i := range treeFiles {
		at := filepath.Join(dir, "tree", fmt.Sprintf("d%d/s%d", i%8, i%treeDirectories))
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		content := make([]byte, 200+sizes.IntN(treeLargest-200))
		if _, err := random.Read(content); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(at, fmt.Sprintf("f%d", i)), content, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "site.star"), []byte(treeRunbook), 0o600)
}
