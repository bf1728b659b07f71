// Command anthropic calls Steward with Anthropic's own SDK: all that changes is the
// base URL and the key. The model may be any provider's; this program uses the
// built-in simulator unless told otherwise.
//
//	export STEWARD_URL=http://127.0.0.1:8080 STEWARD_KEY=sk-...
//	go run ./examples/go/anthropic -model sim/small
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
)

// newClient returns Anthropic's client, pointed at Steward.
func newClient(url, key string, more ...option.RequestOption) anthropic.Client {
	return anthropic.NewClient(append([]option.RequestOption{
		option.WithBaseURL(url), // without /v1: this SDK adds it
		option.WithAPIKey(key),
	}, more...)...)
}

// chat asks one question.
func chat(ctx context.Context, client anthropic.Client, model, question string) (*anthropic.Message, error) {
	return client.Messages.New(ctx, anthropic.MessageNewParams{
		Model:     model,
		MaxTokens: 1000,
		System:    []anthropic.TextBlockParam{{Text: "You are brief."}},
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(question))},
	})
}

// textOf returns what an answer says, without its thinking and its tool calls.
func textOf(m *anthropic.Message) (text string) {
	for _, block := range m.Content {
		if block.Type == "text" {
			text += block.Text
		}
	}
	return text
}

// stream asks one question, calls show with each piece of the answer as it comes,
// and returns the whole.
func stream(ctx context.Context, client anthropic.Client, model, question string, show func(string)) (*anthropic.Message, error) {
	s := client.Messages.NewStreaming(ctx, anthropic.MessageNewParams{
		Model:     model,
		MaxTokens: 1000,
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(question))},
	})
	defer s.Close()
	var whole anthropic.Message
	for s.Next() {
		event := s.Current()
		if err := whole.Accumulate(event); err != nil {
			return nil, err
		}
		if delta, ok := event.AsAny().(anthropic.ContentBlockDeltaEvent); ok && delta.Delta.Type == "text_delta" {
			show(delta.Delta.Text)
		}
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	// A stream that broke off has no stop reason: never take it for a whole answer.
	if whole.StopReason == "" {
		return nil, errors.New("the answer is not complete")
	}
	return &whole, nil
}

// place is what the tool wants to know.
type place struct {
	City string `json:"city"`
	Unit string `json:"unit"`
}

// weatherTool offers get_weather.
var weatherTool = anthropic.ToolParam{
	Name:        "get_weather",
	Description: anthropic.String("Tells the weather in a city."),
	InputSchema: anthropic.ToolInputSchemaParam{
		Properties: map[string]any{
			"city": map[string]any{"type": "string"},
			"unit": map[string]any{"type": "string", "enum": []string{"celsius", "fahrenheit"}},
		},
		Required: []string{"city", "unit"},
	},
}

// tools lets the model call weather, and returns its answer to the result.
func tools(ctx context.Context, client anthropic.Client, model string, weather func(place) string) (string, error) {
	params := anthropic.MessageNewParams{
		Model:     model,
		MaxTokens: 1000,
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("What is the weather in Paris?"))},
		Tools:     []anthropic.ToolUnionParam{{OfTool: &weatherTool}},
	}
	for range 5 { // rounds
		answer, err := client.Messages.New(ctx, params)
		if err != nil {
			return "", err
		}
		if answer.StopReason != anthropic.StopReasonToolUse {
			return textOf(answer), nil
		}
		params.Messages = append(params.Messages, answer.ToParam())
		var results []anthropic.ContentBlockParamUnion
		for _, block := range answer.Content {
			call, ok := block.AsAny().(anthropic.ToolUseBlock)
			if !ok {
				continue
			}
			var where place
			if err := json.Unmarshal(call.Input, &where); err != nil {
				return "", fmt.Errorf("input of %s: %w", call.Name, err)
			}
			results = append(results, anthropic.NewToolResultBlock(call.ID, weather(where), false))
		}
		params.Messages = append(params.Messages, anthropic.NewUserMessage(results...))
	}
	return "", errors.New("the model calls tools without end")
}

// personSchema is the shape of the structured answer.
var personSchema = map[string]any{
	"type": "object",
	"properties": map[string]any{
		"name": map[string]any{"type": "string"},
		"age":  map[string]any{"type": "integer", "minimum": 0, "maximum": 120},
		"tags": map[string]any{"type": "array", "items": map[string]any{"type": "string"}},
	},
	"required":             []string{"name", "age", "tags"},
	"additionalProperties": false,
}

// structured asks for an answer in the shape of personSchema, and returns it as JSON.
func structured(ctx context.Context, client anthropic.Client, model string) (string, error) {
	answer, err := client.Messages.New(ctx, anthropic.MessageNewParams{
		Model:        model,
		MaxTokens:    1000,
		Messages:     []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("Invent a person."))},
		OutputConfig: anthropic.OutputConfigParam{Format: anthropic.JSONOutputFormatParam{Schema: personSchema}},
	})
	if err != nil {
		return "", err
	}
	return textOf(answer), nil
}

// image asks about a picture.
func image(ctx context.Context, client anthropic.Client, model string, png []byte) (string, error) {
	answer, err := client.Messages.New(ctx, anthropic.MessageNewParams{
		Model:     model,
		MaxTokens: 1000,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(
			anthropic.NewImageBlockBase64("image/png", base64.StdEncoding.EncodeToString(png)),
			anthropic.NewTextBlock("What is in this picture?"),
		)},
	})
	if err != nil {
		return "", err
	}
	return textOf(answer), nil
}

// reasoning asks a model to think first, with at most 1,024 tokens of thinking.
func reasoning(ctx context.Context, client anthropic.Client, model string) (thought, text string, err error) {
	answer, err := client.Messages.New(ctx, anthropic.MessageNewParams{
		Model:     model,
		MaxTokens: 4000,
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("Is 91 a prime number?"))},
		Thinking:  anthropic.ThinkingConfigParamOfEnabled(1024),
	})
	if err != nil {
		return "", "", err
	}
	for _, block := range answer.Content {
		if block.Type == "thinking" {
			thought += block.Thinking
		}
	}
	return thought, textOf(answer), nil
}

// explain tells what an error says. Steward answers in Anthropic's own error
// format, so that the SDK's typed error has the status and the type.
func explain(err error) string {
	if failed, ok := errors.AsType[*anthropic.Error](err); ok {
		return fmt.Sprintf("status %d, type %s: %s", failed.StatusCode, failed.Type(), failed.RawJSON())
	}
	return err.Error()
}

func main() {
	model := flag.String("model", "sim/small", "any model that Steward lists, as provider/model")
	flag.Parse()
	log.SetFlags(0)
	ctx := context.Background()
	client := newClient(os.Getenv("STEWARD_URL"), os.Getenv("STEWARD_KEY"))
	if err := run(ctx, client, *model); err != nil {
		log.Fatal(explain(err))
	}
}

func run(ctx context.Context, client anthropic.Client, model string) error {
	answer, err := chat(ctx, client, model, "Say hello.")
	if err != nil {
		return err
	}
	fmt.Printf("chat: %s (%d tokens)\n", textOf(answer), answer.Usage.InputTokens+answer.Usage.OutputTokens)

	fmt.Print("stream: ")
	if _, err = stream(ctx, client, model, "Tell a short story.", func(piece string) { fmt.Print(piece) }); err != nil {
		return err
	}
	fmt.Println()

	text, err := tools(ctx, client, model, func(where place) string { return "18 degrees in " + where.City })
	if err != nil {
		return err
	}
	fmt.Println("tools:", text)

	if text, err = structured(ctx, client, model); err != nil {
		return err
	}
	fmt.Println("structured:", text)

	thought, text, err := reasoning(ctx, client, model)
	if err != nil {
		return err
	}
	fmt.Printf("thinking: %s\nanswer: %s\n", thought, text)

	// A caller who loses interest cancels its context: Steward hangs up on the provider.
	hurried, cancel := context.WithCancel(ctx)
	_, err = stream(hurried, client, model, "Tell a long story.", func(string) { cancel() })
	fmt.Println("cancelled:", errors.Is(err, context.Canceled))

	_, err = chat(ctx, client, "sim/nonesuch", "Hello?")
	fmt.Println("error:", explain(err))
	return nil
}
