// Command transfer is the guest of the packages availability, languages, network and transfer:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o providers/dist/transfer.wasm ./providers/wasm/transfer
package main

import (
	"github.com/openfroyo/froyo/providers/availability"
	"github.com/openfroyo/froyo/providers/languages"
	"github.com/openfroyo/froyo/providers/network"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/transfer"
)

// init is the one place where a library for WebAssembly gets to run by itself.
func init() {
	sdk.Serve(availability.Types(), languages.Types(), network.Types(), transfer.Types())
}

func main() {}
