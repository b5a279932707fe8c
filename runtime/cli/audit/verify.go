package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
)

type verifyCommand struct {
	Anchor []string `placeholder:"FILE" complete:"files" help:"Hold the log also against the anchors in FILE; may be given again."`
	File   string   `placeholder:"FILE" complete:"files" help:"Verify what froyo audit export wrote to FILE, instead of this workspace's log."`
}

// Help gives the command's example.
func (*verifyCommand) Help() string {
	return `Each row holds the hash of the one before it, and the workspace's key signs the last one when a run ends. Whoever can write
the state and has that key, as the operator does, can write all of it anew: an anchor that was kept elsewhere shows that.
Signatures count that are by the workspace's own key or by one in data/keys/trusted.

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
		more, err := readAnchors(name)
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
	var lines []string
	for _, f := range found {
		lines = append(lines, f.Text)
	}
	return (&diag.Error{
		Code: diag.Failed, Summary: "the audit log is not what was written", Detail: strings.Join(lines, "\n"),
	}).WithHint("keep the state as evidence, and compare it with an export or a backup; froyo audit show -n 0 shows what stands there now")
}

// log reads what is verified.
func (c *verifyCommand) log(ctx context.Context, e *console.Console) (l *audit.Log, err error) {
	if c.File == "" {
		return whole(ctx, e)
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, diag.ReadFailed("the export "+c.File, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return audit.Read(c.File, f)
}

func readAnchors(name string) ([]audit.Head, error) {
	info, err := os.Stat(name)
	if err == nil && info.Size() > maxAnchors {
		return nil, diag.Errorf(diag.Pos{File: name}, "it is larger than %s: this is no file of anchors", wording.Plural(maxAnchors, "byte"))
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, diag.ReadFailed("the anchors in "+name, err)
	}
	return audit.Anchors(name, data)
}

// verdict says what was found to be whole.
func verdict(l *audit.Log, anchors []audit.Head) string {
	if len(l.Rows) == 0 {
		return "nothing is recorded yet"
	}
	text := "the audit log is whole: " + wording.Plural(len(l.Rows), "row") + ", " + wording.Plural(len(l.Heads), "signed head")
	if len(anchors) > 0 {
		text += ", " + wording.Plural(len(anchors), "anchor")
	} else {
		text += "; no anchor was given, so an end that was cut off together with its signatures would not be seen"
	}
	return text
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
	if len(l.Rows) == 0 {
		return &diag.Error{Summary: "there is nothing to anchor: nothing is recorded yet"}
	}
	keys, err := w.PlanKeys()
	if err != nil {
		return err
	}
	if found := l.Verify(nil, keys); len(found) > 0 {
		return (&diag.Error{Code: diag.Failed, Summary: "the audit log is not what was written, so it is not anchored: " + found[0].Text}).
			WithHint("froyo audit verify shows all of it")
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
	f, err := os.OpenFile(c.To, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err == nil {
		_, err = f.WriteString(line)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return diag.WriteFailed("the anchor", c.To, err)
	}
	return nil
}
