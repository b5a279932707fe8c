// Command structured is the guest of the package structured:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o providers/dist/structured.wasm ./providers/wasm/structured
package main

import (
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/structured"
)

// init is the one place where a library for WebAssembly gets to run by itself.
func init() {
	sdk.Serve(structured.Types())
}

func main() {}
