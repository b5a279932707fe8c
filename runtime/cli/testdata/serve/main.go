// Command serve is a service for tests: it answers over HTTP on
// 127.0.0.1:8080 and over HTTPS on 127.0.0.1:8443, with the certificate that lies
// beside it.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
)

func main() {
	dir := filepath.Dir(os.Args[0])
	name, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "hello from %s\n", name) })
	go func() {
		log.Fatal(http.ListenAndServeTLS("127.0.0.1:8443", filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), nil))
	}()
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", nil))
}
