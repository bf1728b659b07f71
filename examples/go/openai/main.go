// Command openai calls Steward with OpenAI's own SDK: all that changes is the base
// URL and the key. The model may be any provider's; this program uses the built-in
// simulator unless told otherwise.
//
//	export STEWARD_URL=http://127.0.0.1:8080 STEWARD_KEY=sk-...
//	go run ./examples/go/openai -model sim/small
//
// This file uses Chat Completions; responses.go does the same with Responses.
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
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
)

// newClient returns OpenAI's client, pointed at Steward.
func newClient(url, key string, more ...option.RequestOption) openai.Client {
	return openai.NewClient(append([]option.RequestOption{
		option.WithBaseURL(url + "/v1"),
		option.WithAPIKey(key),
	}, more...)...)
}

// chat asks one question.
func chat(ctx context.Context, client openai.Client, model, question string) (*openai.ChatCompletion, error) {
	return client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model:               model,
		MaxCompletionTokens: openai.Int(200),
		Messages: []openai.ChatCompletionMessageParamUnion{
			openai.SystemMessage("You are brief."),
			openai.UserMessage(question),
		},
	})
}

// stream asks one question, calls show with each piece of the answer as it comes,
// and returns the whole.
func stream(ctx context.Context, client openai.Client, model, question string, show func(string)) (*openai.ChatCompletion, error) {
	s := client.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{
		Model:         model,
		Messages:      []openai.ChatCompletionMessageParamUnion{openai.UserMessage(question)},
		StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
	})
	defer s.Close()
	var whole openai.ChatCompletionAccumulator
	for s.Next() {
		chunk := s.Current()
		if !whole.AddChunk(chunk) {
			return nil, errors.New("a chunk does not follow the one before it")
		}
		if len(chunk.Choices) > 0 && chunk.Choices[0].Delta.Content != "" {
			show(chunk.Choices[0].Delta.Content)
		}
	}
	// A stream that broke off ends here: never take it for a whole answer.
	return &whole.ChatCompletion, s.Err()
}

// place is what the tool wants to know.
type place struct {
	City string `json:"city"`
	Unit string `json:"unit"`
}

// placeSchema is place as a JSON schema.
var placeSchema = map[string]any{
	"type": "object",
	"properties": map[string]any{
		"city": map[string]any{"type": "string"},
		"unit": map[string]any{"type": "string", "enum": []string{"celsius", "fahrenheit"}},
	},
	"required":             []string{"city", "unit"},
	"additionalProperties": false,
}

// tools lets the model call weather, and returns its answer to the result.
func tools(ctx context.Context, client openai.Client, model string, weather func(place) string) (string, error) {
	params := openai.ChatCompletionNewParams{
		Model:    model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("What is the weather in Paris?")},
		Tools: []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
			Name:        "get_weather",
			Description: openai.String("Tells the weather in a city."),
			Parameters:  placeSchema,
		})},
	}
	for range 5 { // rounds
		answer, err := client.Chat.Completions.New(ctx, params)
		if err != nil {
			return "", err
		}
		message := answer.Choices[0].Message
		if len(message.ToolCalls) == 0 {
			return message.Content, nil
		}
		params.Messages = append(params.Messages, message.ToParam())
		for _, call := range message.ToolCalls {
			var where place
			if err := json.Unmarshal([]byte(call.Function.Arguments), &where); err != nil {
				return "", fmt.Errorf("arguments of %s: %w", call.Function.Name, err)
			}
			params.Messages = append(params.Messages, openai.ToolMessage(weather(where), call.ID))
		}
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
func structured(ctx context.Context, client openai.Client, model string) (string, error) {
	answer, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model:    model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Invent a person.")},
		ResponseFormat: openai.ChatCompletionNewParamsResponseFormatUnion{
			OfJSONSchema: &shared.ResponseFormatJSONSchemaParam{
				JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "person", Schema: personSchema, Strict: openai.Bool(true)},
			},
		},
	})
	if err != nil {
		return "", err
	}
	return answer.Choices[0].Message.Content, nil
}

// image asks about a picture.
func image(ctx context.Context, client openai.Client, model string, png []byte) (string, error) {
	answer, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model: model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
			openai.TextContentPart("What is in this picture?"),
			openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{
				URL: "data:image/png;base64," + base64.StdEncoding.EncodeToString(png),
			}),
		})},
	})
	if err != nil {
		return "", err
	}
	return answer.Choices[0].Message.Content, nil
}

// reasoning asks a model to think first. Chat Completions counts the thinking; its
// text comes in reasoning_content, a field that many servers share and that this
// SDK keeps among the extra ones.
func reasoning(ctx context.Context, client openai.Client, model string) (thought, text string, tokens int64, err error) {
	answer, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model:           model,
		Messages:        []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Is 91 a prime number?")},
		ReasoningEffort: shared.ReasoningEffortLow,
	})
	if err != nil {
		return "", "", 0, err
	}
	message := answer.Choices[0].Message
	if field, ok := message.JSON.ExtraFields["reasoning_content"]; ok {
		if err := json.Unmarshal([]byte(field.Raw()), &thought); err != nil {
			return "", "", 0, fmt.Errorf("reasoning_content: %w", err)
		}
	}
	return thought, message.Content, answer.Usage.CompletionTokensDetails.ReasoningTokens, nil
}

// explain tells what an error says. Steward answers in OpenAI's own error format,
// so that the SDK's typed error has the status and a stable code.
func explain(err error) string {
	if failed, ok := errors.AsType[*openai.Error](err); ok {
		return fmt.Sprintf("status %d, code %s: %s", failed.StatusCode, failed.Code, failed.Message)
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

func run(ctx context.Context, client openai.Client, model string) error {
	answer, err := chat(ctx, client, model, "Say hello.")
	if err != nil {
		return err
	}
	fmt.Printf("chat: %s (%d tokens)\n", answer.Choices[0].Message.Content, answer.Usage.TotalTokens)

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

	thought, text, tokens, err := reasoning(ctx, client, model)
	if err != nil {
		return err
	}
	fmt.Printf("reasoning: %s\nanswer: %s (%d tokens of thinking)\n", strings.TrimSpace(thought), text, tokens)

	if text, err = respond(ctx, client, model, "Say hello."); err != nil {
		return err
	}
	fmt.Println("responses:", text)

	// A caller who loses interest cancels its context: Steward hangs up on the provider.
	hurried, cancel := context.WithCancel(ctx)
	_, err = stream(hurried, client, model, "Tell a long story.", func(string) { cancel() })
	fmt.Println("cancelled:", errors.Is(err, context.Canceled))

	_, err = chat(ctx, client, "sim/nonesuch", "Hello?")
	fmt.Println("error:", explain(err))
	return nil
}
