// Command gemini calls Steward with Google's own SDK: all that changes is the base
// URL and the key. The model may be any provider's; this program uses the built-in
// simulator unless told otherwise.
//
//	export STEWARD_URL=http://127.0.0.1:8080 STEWARD_KEY=sk-...
//	go run ./examples/go/gemini -model sim/small
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"

	"google.golang.org/genai"
)

// newClient returns Google's client, pointed at Steward. The headers, which may be
// nil, go with every request.
func newClient(ctx context.Context, url, key string, headers http.Header) (*genai.Client, error) {
	return genai.NewClient(ctx, &genai.ClientConfig{
		Backend:     genai.BackendGeminiAPI,
		APIKey:      key,
		HTTPOptions: genai.HTTPOptions{BaseURL: url, Headers: headers},
	})
}

// chat asks one question.
func chat(ctx context.Context, client *genai.Client, model, question string) (*genai.GenerateContentResponse, error) {
	return client.Models.GenerateContent(ctx, model, genai.Text(question), &genai.GenerateContentConfig{
		SystemInstruction: genai.NewContentFromText("You are brief.", genai.RoleUser),
		MaxOutputTokens:   200,
	})
}

// stream asks one question, calls show with each piece of the answer as it comes,
// and returns why the model stopped and what it used.
func stream(ctx context.Context, client *genai.Client, model, question string, show func(string)) (genai.FinishReason, *genai.GenerateContentResponseUsageMetadata, error) {
	var finish genai.FinishReason
	var usage *genai.GenerateContentResponseUsageMetadata
	for piece, err := range client.Models.GenerateContentStream(ctx, model, genai.Text(question), nil) {
		if err != nil {
			return "", nil, err
		}
		if text := piece.Text(); text != "" {
			show(text)
		}
		if len(piece.Candidates) > 0 && piece.Candidates[0].FinishReason != "" {
			finish = piece.Candidates[0].FinishReason
		}
		if piece.UsageMetadata != nil {
			usage = piece.UsageMetadata
		}
	}
	// A stream that broke off has no finish reason: never take it for a whole answer.
	if finish == "" {
		return "", nil, errors.New("the answer is not complete")
	}
	return finish, usage, nil
}

// place is what the tool wants to know.
type place struct {
	City string `json:"city"`
	Unit string `json:"unit"`
}

// weatherTool offers get_weather.
var weatherTool = &genai.Tool{FunctionDeclarations: []*genai.FunctionDeclaration{{
	Name:        "get_weather",
	Description: "Tells the weather in a city.",
	Parameters: &genai.Schema{
		Type: genai.TypeObject,
		Properties: map[string]*genai.Schema{
			"city": {Type: genai.TypeString},
			"unit": {Type: genai.TypeString, Enum: []string{"celsius", "fahrenheit"}},
		},
		Required: []string{"city", "unit"},
	},
}}}

// tools lets the model call weather, and returns its answer to the result.
func tools(ctx context.Context, client *genai.Client, model string, weather func(place) string) (string, error) {
	contents := genai.Text("What is the weather in Paris?")
	for range 5 { // rounds
		answer, err := client.Models.GenerateContent(ctx, model, contents, &genai.GenerateContentConfig{Tools: []*genai.Tool{weatherTool}})
		if err != nil {
			return "", err
		}
		calls := answer.FunctionCalls()
		if len(calls) == 0 {
			return answer.Text(), nil
		}
		contents = append(contents, answer.Candidates[0].Content)
		var results []*genai.Part
		for _, call := range calls {
			args, err := json.Marshal(call.Args)
			if err != nil {
				return "", err
			}
			var where place
			if err := json.Unmarshal(args, &where); err != nil {
				return "", fmt.Errorf("arguments of %s: %w", call.Name, err)
			}
			results = append(results, &genai.Part{FunctionResponse: &genai.FunctionResponse{
				ID: call.ID, Name: call.Name, Response: map[string]any{"output": weather(where)},
			}})
		}
		contents = append(contents, genai.NewContentFromParts(results, genai.RoleUser))
	}
	return "", errors.New("the model calls tools without end")
}

// structured asks for an answer in the shape of a schema, and returns it as JSON.
func structured(ctx context.Context, client *genai.Client, model string) (string, error) {
	youngest, oldest := 0.0, 120.0
	answer, err := client.Models.GenerateContent(ctx, model, genai.Text("Invent a person."), &genai.GenerateContentConfig{
		ResponseMIMEType: "application/json",
		ResponseSchema: &genai.Schema{
			Type: genai.TypeObject,
			Properties: map[string]*genai.Schema{
				"name": {Type: genai.TypeString},
				"age":  {Type: genai.TypeInteger, Minimum: &youngest, Maximum: &oldest},
				"tags": {Type: genai.TypeArray, Items: &genai.Schema{Type: genai.TypeString}},
			},
			Required: []string{"name", "age", "tags"},
		},
	})
	if err != nil {
		return "", err
	}
	return answer.Text(), nil
}

// image asks about a picture.
func image(ctx context.Context, client *genai.Client, model string, png []byte) (string, error) {
	contents := []*genai.Content{genai.NewContentFromParts([]*genai.Part{
		genai.NewPartFromText("What is in this picture?"),
		genai.NewPartFromBytes(png, "image/png"),
	}, genai.RoleUser)}
	answer, err := client.Models.GenerateContent(ctx, model, contents, nil)
	if err != nil {
		return "", err
	}
	return answer.Text(), nil
}

// reasoning asks a model to think first, and to show its thoughts.
func reasoning(ctx context.Context, client *genai.Client, model string) (thought, text string, tokens int32, err error) {
	answer, err := client.Models.GenerateContent(ctx, model, genai.Text("Is 91 a prime number?"), &genai.GenerateContentConfig{
		ThinkingConfig: &genai.ThinkingConfig{IncludeThoughts: true, ThinkingLevel: genai.ThinkingLevelLow},
	})
	if err != nil {
		return "", "", 0, err
	}
	for _, part := range answer.Candidates[0].Content.Parts {
		if part.Thought {
			thought += part.Text
		}
	}
	return thought, answer.Text(), answer.UsageMetadata.ThoughtsTokenCount, nil
}

// explain tells what an error says. Steward answers in Google's own error format,
// so that the SDK's typed error has the code and the status.
func explain(err error) string {
	if failed, ok := errors.AsType[genai.APIError](err); ok {
		return fmt.Sprintf("code %d, status %s: %s", failed.Code, failed.Status, failed.Message)
	}
	return err.Error()
}

func main() {
	model := flag.String("model", "sim/small", "any model that Steward lists, as provider/model")
	flag.Parse()
	log.SetFlags(0)
	ctx := context.Background()
	client, err := newClient(ctx, os.Getenv("STEWARD_URL"), os.Getenv("STEWARD_KEY"), nil)
	if err == nil {
		err = run(ctx, client, *model)
	}
	if err != nil {
		log.Fatal(explain(err))
	}
}

func run(ctx context.Context, client *genai.Client, model string) error {
	answer, err := chat(ctx, client, model, "Say hello.")
	if err != nil {
		return err
	}
	fmt.Printf("chat: %s (%d tokens)\n", answer.Text(), answer.UsageMetadata.TotalTokenCount)

	fmt.Print("stream: ")
	if _, _, err = stream(ctx, client, model, "Tell a short story.", func(piece string) { fmt.Print(piece) }); err != nil {
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
	fmt.Printf("thoughts: %s\nanswer: %s (%d tokens of thinking)\n", thought, text, tokens)

	// A caller who loses interest cancels its context: Steward hangs up on the provider.
	hurried, cancel := context.WithCancel(ctx)
	_, _, err = stream(hurried, client, model, "Tell a long story.", func(string) { cancel() })
	fmt.Println("cancelled:", errors.Is(err, context.Canceled))

	_, err = chat(ctx, client, "sim/nonesuch", "Hello?")
	fmt.Println("error:", explain(err))
	return nil
}
