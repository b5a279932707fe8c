// Command accounts is the guest of the packages accounts and sshd:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o providers/dist/accounts.wasm ./providers/wasm/accounts
package main

import (
	"github.com/openfroyo/froyo/providers/accounts"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/sshd"
)

// init is the one place where a library for WebAssembly gets to run by itself.
func init() {
	sdk.Serve(accounts.Types(), sshd.Types())
}

func main() {}
