// Command wasm is the guest of the package probe:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o providers/dist/probe.wasm ./providers/probe/wasm
package main

import (
	"github.com/openfroyo/froyo/providers/probe"
	"github.com/openfroyo/froyo/providers/sdk"
)

// init is the one place where a library for WebAssembly gets to run by itself.
func init() { sdk.Serve(probe.Types()) }

func main() {}
