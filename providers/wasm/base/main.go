// Command base is the guest of the packages linux, probe, repository, system and units:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o providers/dist/base.wasm ./providers/wasm/base
package main

import (
	"github.com/openfroyo/froyo/providers/linux"
	"github.com/openfroyo/froyo/providers/probe"
	"github.com/openfroyo/froyo/providers/repository"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/system"
	"github.com/openfroyo/froyo/providers/units"
)

// init is the one place where a library for WebAssembly gets to run by itself.
func init() {
	sdk.Serve(linux.Types(), probe.Types(), repository.Types(), system.Types(), units.Types())
}

func main() {}
