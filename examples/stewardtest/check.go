package stewardtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"
)

// Picture returns a small PNG.
func Picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// CheckPerson checks that text is JSON in the shape of the examples' person: name,
// age and tags, and nothing else.
func CheckPerson(t testing.TB, text string) {
	t.Helper()
	var p struct {
		Name *string   `json:"name"`
		Age  *int      `json:"age"`
		Tags *[]string `json:"tags"`
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Errorf("structured answer %q: %v", text, err)
		return
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		t.Errorf("structured answer %q: more follows the object", text)
	}
	if p.Name == nil || p.Age == nil || p.Tags == nil || *p.Age < 0 || *p.Age > 120 {
		t.Errorf("structured answer %q is not a whole person", text)
	}
}

// Cancelled runs a stream of a slow model that its caller leaves at the first piece.
// It checks that the stream ends at once and with the context's error, that the call
// is recorded as cancelled, and that the provider was hung up on. The name tells the
// call from others.
func (s *Steward) Cancelled(t testing.TB, target, name string, stream func(ctx context.Context, model string, show func(string)) error) {
	t.Helper()
	model := s.slowModel(target, name)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	begin := time.Now()
	var left time.Time
	err := stream(ctx, model, func(string) {
		if left.IsZero() {
			left = time.Now()
		}
		cancel()
	})
	if left.IsZero() {
		t.Fatalf("the stream brought nothing: %v", err)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled stream ended with %v; want context.Canceled", err)
	}
	if took := time.Since(left); took > time.Second {
		t.Errorf("a cancelled stream took %v to end", took)
	}
	s.AwaitCancelled(t, model, begin)
}

// CheckSeen checks that the simulator's answer tells of the picture that it got.
func CheckSeen(t testing.TB, text string, png []byte) {
	t.Helper()
	if want := fmt.Sprintf("1 image (image/png, %d bytes)", len(png)); !strings.Contains(text, want) {
		t.Errorf("answer %q; want it to tell of %s", text, want)
	}
}
