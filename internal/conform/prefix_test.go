package conform_test

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/app"
	"github.com/steward-llmops/steward/internal/wire"
)

// TestMetersCopeWithWhatBreaksOff cuts every event and answer of the dialects at
// every byte: a meter reads traffic as it passes and must cope with anything.
func TestMetersCopeWithWhatBreaksOff(t *testing.T) {
	codecs := app.ChatCodecs()
	for name, d := range dialects(t) {
		codec := codecs[d.format]
		for n := range len(d.whole) {
			codec.Measure([]byte(d.whole[:n]))
		}
		for _, frame := range d.frames {
			event, lines := "", bufio.NewScanner(strings.NewReader(frame))
			for lines.Scan() {
				if s, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
					event = s
				}
				data, ok := strings.CutPrefix(lines.Text(), "data: ")
				for n := range len(data) {
					var r wire.Reading
					codec.Observe(event, []byte(data[:n]), &r)
				}
				if ok && bytes.ContainsAny([]byte(data), "{[") {
					var r wire.Reading
					codec.Observe("", []byte(data), &r)
				}
			}
		}
		t.Logf("%s: an answer of %d bytes and %d events, cut at every byte", name, len(d.whole), len(d.frames))
	}
}
