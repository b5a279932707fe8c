package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/input"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/workspace"
)

type verifyCommand struct {
	Anchor []string `placeholder:"FILE" complete:"files" help:"Hold the log also against the anchors in FILE; may be given again."`
	File   string   `placeholder:"FILE" complete:"files" help:"Verify what froyo audit export wrote to FILE, instead of this workspace's log."`
}

// Help gives the command's example.
func (*verifyCommand) Help() string {
	return `Each row holds the hash of the one before it, and is signed by the workspace's key. Whoever can write the state and has that
key, as the operator does, can write all of it anew, and whoever can write the state can cut off its end: an anchor that was kept
elsewhere shows both. Signatures count that are by the workspace's own key or by one in data/keys/trusted: on another machine,
the public half of the key that signed has to be there.

Examples:
  froyo audit verify
  froyo audit verify --anchor /mnt/elsewhere/froyo.anchors
  froyo audit verify --file audit.jsonl`
}

// maxAnchors bounds the size of a file of anchors.
const maxAnchors = 64 << 20

// Run verifies the log.
func (c *verifyCommand) Run(ctx context.Context, e *console.Console) error {
	w, err := here.Workspace(e)
	if err != nil {
		return err
	}
	keys, err := w.PlanKeys()
	if err != nil {
		return err
	}
	l, err := c.log(ctx, e)
	if err != nil {
		return err
	}
	var anchors []audit.Head
	for _, name := range c.Anchor {
		more, err := readAnchors(ctx, e, name)
		if err != nil {
			return err
		}
		anchors = append(anchors, more...)
	}
	found := l.Verify(anchors, keys)
	if len(found) == 0 {
		_, err := fmt.Fprintln(e.Stdout, verdict(l, anchors))
		return err
	}
	return wrong(w, found)
}

// most is how many findings are shown.
const most = 50

// wrong says what is wrong with a log, or that it cannot be known here.
func wrong(w *workspace.Workspace, found []audit.Finding) error {
	var lines []string
	for _, f := range found {
		if len(lines) < most {
			lines = append(lines, f.Text)
		}
	}
	if rest := len(found) - most; rest > 0 {
		lines = append(lines, "and "+strconv.Itoa(rest)+" more")
	}
	d := &diag.Error{Code: diag.Failed, Summary: audit.Judge(found), Detail: strings.Join(lines, "\n")}
	switch d.Summary {
	case audit.Changed:
		return d.WithHint("keep the state as evidence, and compare it with an export or a backup; froyo audit show -n 0 shows what stands there now")
	case audit.ChangedAnchor:
		return d.WithHint("take the anchor from where it was kept first; by itself the log is verified by: froyo audit verify")
	}
	d.Detail = "its rows follow each other; whether they were written by who has the key, only its public half tells"
	dir := wording.Quote(here.Path(filepath.Join(w.StateDir(), "keys", "trusted")))
	return d.WithHint("if it is signed by a key that you trust, take the data/keys/signing.pub of the workspace that wrote it: mkdir -p %s; cp SIGNING_PUB %s/", dir, dir)
}

// log reads what is verified.
func (c *verifyCommand) log(ctx context.Context, e *console.Console) (l *audit.Log, err error) {
	if c.File == "" {
		return whole(ctx, e)
	}
	return input.Use(ctx, input.File{Name: c.File, What: "the export " + c.File}, func(r io.Reader) (*audit.Log, error) { return audit.Read(c.File, r) })
}

func readAnchors(ctx context.Context, e *console.Console, name string) ([]audit.Head, error) {
	if name == "-" {
		data, err := input.Stream(ctx, "standard input", e.Stdin, maxAnchors)
		if err != nil {
			return nil, err
		}
		return audit.Anchors("standard input", data)
	}
	data, err := input.File{Name: name, What: "the anchors in " + name, Max: maxAnchors}.Read(ctx)
	if err != nil {
		return nil, err
	}
	return audit.Anchors(name, data)
}

// verdict says what was found to be whole.
func verdict(l *audit.Log, anchors []audit.Head) string {
	if len(l.Rows) == 0 {
		return "nothing is recorded yet"
	}
	text := "the audit log is whole: " + wording.Plural(len(l.Rows), "row") + ", each signed"
	if len(anchors) == 0 {
		return text + "; no anchor was given, so an end that was cut off together with its signatures would not be seen"
	}
	last := slices.MaxFunc(anchors, func(a, b audit.Head) int { return cmp.Compare(a.Seq, b.Seq) })
	return text + "; by the last of " + wording.Plural(len(anchors), "anchor") + ", nothing was cut off up to row " + strconv.FormatInt(last.Seq, 10)
}

type anchorCommand struct {
	To string `placeholder:"FILE" complete:"files" help:"Append it to FILE instead of printing it."`
}

// Help gives the command's example.
func (*anchorCommand) Help() string {
	return `An anchor is a line that names the last row and its hash, signed by the workspace's key. Kept where who can write the state
cannot change it, it shows whether rows up to that one were written anew or cut off since.

Examples:
  froyo audit anchor --to /mnt/elsewhere/froyo.anchors
  froyo audit anchor | mail -s 'froyo audit' security@example.com`
}

// Run prints an anchor.
func (c *anchorCommand) Run(ctx context.Context, e *console.Console) error {
	w, err := here.Workspace(e)
	if err != nil {
		return err
	}
	l, err := whole(ctx, e)
	if err != nil {
		return err
	}
	keys, err := w.PlanKeys()
	if err != nil {
		return err
	}
	if doubt := audit.Doubt(l.Verify(nil, keys)); doubt != nil {
		doubt.Summary += "; it is not anchored"
		return doubt
	}
	if len(l.Rows) == 0 {
		return &diag.Error{Summary: "there is nothing to anchor: nothing is recorded yet"}
	}
	key, err := w.Signer()
	if err != nil {
		return err
	}
	end := l.End()
	line := audit.Sign(end.Seq, end.Hash, time.Now(), key).String() + "\n"
	if c.To == "" {
		_, err := e.Stdout.Write([]byte(line))
		return err
	}
	if info, err := os.Stat(c.To); err == nil && !info.Mode().IsRegular() && !info.IsDir() { // what is written there is kept nowhere
		return diag.Errorf(diag.Pos{}, "--to %s: it is no file in which an anchor would be kept", c.To).WithHint("froyo audit anchor prints one")
	}
	if err := appendLine(c.To, line); err != nil {
		return diag.WriteFailed("--to "+c.To, c.To, err)
	}
	return nil
}

// appendLine adds a line to a file, whose last line may have no end yet.
func appendLine(name, line string) error {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
	if errors.Is(err, fs.ErrPermission) { // it may be one that can be written and not be read
		f, err = os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	}
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size() > 0 {
		var last [1]byte
		if _, readErr := f.ReadAt(last[:], info.Size()-1); readErr != nil || last[0] != '\n' {
			line = "\n" + line // an empty line is passed over
		}
	}
	if err == nil {
		_, err = f.WriteString(line)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
