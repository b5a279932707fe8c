// Command wasm is the guest of the package system:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o providers/dist/system.wasm ./providers/system/wasm
package main

import (
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/system"
)

// init is the one place where a library for WebAssembly gets to run by itself.
func init() { sdk.Serve(system.Types()) }

func main() {}
