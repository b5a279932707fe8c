// Command wasm is the guest of the package linux:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o providers/dist/linux.wasm ./providers/linux/wasm
package main

import (
	"github.com/openfroyo/froyo/providers/linux"
	"github.com/openfroyo/froyo/providers/sdk"
)

// init is the one place where a library for WebAssembly gets to run by itself.
func init() { sdk.Serve(linux.Types()) }

func main() {}
