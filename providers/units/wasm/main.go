// Command wasm is the guest of the package units:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o providers/dist/units.wasm ./providers/units/wasm
package main

import (
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/units"
)

// init is the one place where a library for WebAssembly gets to run by itself.
func init() { sdk.Serve(units.Types()) }

func main() {}
