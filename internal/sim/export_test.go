package sim

import (
	"math/rand/v2"

	"github.com/steward-llmops/steward/internal/llm"
)

// Bend applies a fault to the events of a stream; stop says what becomes of the
// connection: "clean", "hard", "reset", "stall".
func Bend(f *Fault, format llm.Format, events [][]byte) (out [][]byte, stop string) {
	var frames []frame
	for _, e := range events {
		frames = append(frames, frame{e, 1})
	}
	bent, end := bend(f, format, frames)
	for _, b := range bent {
		out = append(out, b.data)
	}
	return out, [...]string{"clean", "hard", "reset", "stall"}[end]
}

// BinaryFrame writes a frame of AWS's event stream.
func BinaryFrame(name, payload string) []byte {
	return newFrame(llm.BedrockConverse, name, []byte(payload)).data
}

// ReadBinary is the inverse.
func ReadBinary(b []byte) (name, payload string, ok bool) {
	n, p, ok := frame{data: b}.read(llm.BedrockConverse)
	return n, string(p), ok
}

// AsArray makes the JSON array of Gemini's events.
func AsArray(events [][]byte, closed bool) (out []byte) {
	var frames []frame
	for _, e := range events {
		frames = append(frames, frame{e, 1})
	}
	for _, f := range asArray(frames, closed) {
		out = append(out, f.data...)
	}
	return out
}

// Instance makes an instance of a schema.
func Instance(schema string, seed uint64, hint string) string {
	return instance([]byte(schema), rand.New(rand.NewPCG(seed, 1)), hint)
}

// Route tells surface, format and model of a path.
func Route(path string) (known bool, format llm.Format, model string, stream bool) {
	r := routePath(path)
	return r.surface != nowhere, r.format, r.model, r.stream
}

// FirstTokens cuts a text.
func FirstTokens(s string, n int64) (string, int64, bool) { return firstTokens(s, n) }
