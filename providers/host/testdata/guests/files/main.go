// Command files is a guest that wants to read a file by itself.
package main

import "os"

//go:wasmexport froyo_abi
func version() int32 {
	if _, err := os.ReadFile("/etc/passwd"); err != nil {
		return 0
	}
	return 1
}

func main() {}
