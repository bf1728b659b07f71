// Command build makes the price catalogue that Steward embeds out of the public
// genai-prices data and our own supplement. The same inputs always give the same
// bytes.
//
//	go run ./internal/cost/price/build -from genai-prices-v2.json -out internal/cost/price/catalogue.json
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	from := flag.String("from", "", "genai-prices data, version 2")
	out := flag.String("out", "", "catalogue to write")
	flag.Parse()
	if err := run(*from, *out); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(from, out string) error {
	if from == "" || out == "" {
		return fmt.Errorf("-from and -out must be given")
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	text, skipped, err := assemble(data, supplement)
	if err != nil {
		return err
	}
	for _, s := range skipped {
		fmt.Fprintln(os.Stderr, "left out:", s)
	}
	return os.WriteFile(out, text, 0o644)
}
