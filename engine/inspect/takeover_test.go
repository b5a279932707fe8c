package inspect_test

import (
	"testing"

	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runner/op"
)

// TestTakeOver holds that what a provider gives a program reaches it with the secret in it, and not with what stands for it.
func TestTakeOver(t *testing.T) {
	made := op.NewBlob([]byte("GET x\n" + secret.Add("s3cr3t value") + "\n"))
	made.Made = true
	if err := inspect.TakeOver(op.Op{Exec: &op.Exec{Argv: []string{"ask"}, Stdin: made, ReadOnly: true}}); err != nil {
		t.Fatal(err)
	}
	if !secret.IsMarkedSum(made.Sum) {
		t.Error("the content is not known as one that holds a secret")
	}
	other := op.NewBlob([]byte(secret.Add("s3cr3t value")))
	if err := inspect.TakeOver(op.Op{Exec: &op.Exec{Argv: []string{"ask"}, Stdin: other}}); err != nil || secret.IsMarkedSum(other.Sum) {
		t.Errorf("content that no provider made was taken over: %v", err)
	}
}
