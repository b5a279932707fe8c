// Command text is the guest of the package text:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o providers/dist/text.wasm ./providers/wasm/text
package main

import (
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/text"
)

// init is the one place where a library for WebAssembly gets to run by itself.
func init() {
	sdk.Serve(text.Types())
}

func main() {}
