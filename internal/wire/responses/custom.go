package responses

import (
	"bytes"
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// customMark begins the schema of every tool that the caller declared as custom.
// It is how a tool is known again when the answer goes back.
const customMark = `{"title":"custom_tool_input",`

// customSchema returns the schema that stands in for a custom tool's free text.
// The model learns the grammar, where there is one, from the description.
func customSchema(format gjson.Result) json.RawMessage {
	about := "the tool's input as free text"
	if def := format.Get("definition").String(); def != "" {
		about += ", which must follow this " + format.Get("syntax").String() + " grammar:\n" + def
	}
	b := []byte(customMark + `"type":"object","properties":{"input":{"type":"string","description":`)
	b = appendString(b, about)
	return append(b, `}},"required":["input"],"additionalProperties":false}`...)
}

func isCustom(t *llm.Tool) bool {
	return t.Opaque == nil && bytes.HasPrefix(t.Schema, []byte(customMark))
}

// customNames returns the names of the request's custom tools, nil where none.
func customNames(tools []llm.Tool) map[string]bool {
	var names map[string]bool
	for i := range tools {
		if isCustom(&tools[i]) {
			if names == nil {
				names = make(map[string]bool)
			}
			names[tools[i].Name] = true
		}
	}
	return names
}

// The arguments of a call of a custom tool are customOpen, the escaped text, customShut.
const (
	customOpen = `{"input":"`
	customShut = `"}`
)

func customArguments(input string) string {
	b := appendEscaped([]byte(customOpen), input)
	return string(append(b, customShut...))
}

// customInput is the inverse of customArguments. Arguments of another shape, which
// a model may have made up, are the input as they stand.
func customInput(arguments string) string {
	if gjson.Valid(arguments) && shallow([]byte(arguments)) {
		if v := gjson.Get(arguments, "input"); v.Type == gjson.String {
			return v.String()
		}
	}
	return arguments
}
