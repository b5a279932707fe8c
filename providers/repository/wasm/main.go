// Command wasm is the guest of the package repository:
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o providers/dist/repository.wasm ./providers/repository/wasm
package main

import (
	"github.com/openfroyo/froyo/providers/repository"
	"github.com/openfroyo/froyo/providers/sdk"
)

// init is the one place where a library for WebAssembly gets to run by itself.
func init() { sdk.Serve(repository.Types()) }

func main() {}
