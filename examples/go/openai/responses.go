package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"
)

// ask is the input of a Responses call that is one user message.
func ask(text string) responses.ResponseNewParamsInputUnion {
	return responses.ResponseNewParamsInputUnion{OfString: openai.String(text)}
}

// respond asks one question.
func respond(ctx context.Context, client openai.Client, model, question string) (string, error) {
	answer, err := client.Responses.New(ctx, responses.ResponseNewParams{Model: model, Input: ask(question)})
	if err != nil {
		return "", err
	}
	return answer.OutputText(), nil
}

// respondStream asks one question, calls show with each piece of the answer as it
// comes, and returns the whole, which comes last.
func respondStream(ctx context.Context, client openai.Client, model, question string, show func(string)) (*responses.Response, error) {
	s := client.Responses.NewStreaming(ctx, responses.ResponseNewParams{Model: model, Input: ask(question)})
	defer s.Close()
	var whole *responses.Response
	for s.Next() {
		switch event := s.Current().AsAny().(type) {
		case responses.ResponseTextDeltaEvent:
			show(event.Delta)
		case responses.ResponseCompletedEvent:
			whole = &event.Response
		case responses.ResponseErrorEvent:
			return nil, fmt.Errorf("the stream failed: %s: %s", event.Code, event.Message)
		}
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	if whole == nil {
		return nil, errors.New("the answer is not complete")
	}
	return whole, nil
}

// respondTools lets the model call weather, and returns its answer to the result.
// Nothing is stored between the rounds: each sends the conversation so far.
func respondTools(ctx context.Context, client openai.Client, model string, weather func(place) string) (string, error) {
	input := responses.ResponseInputParam{
		responses.ResponseInputItemParamOfMessage("What is the weather in Paris?", responses.EasyInputMessageRoleUser),
	}
	for range 5 { // rounds
		answer, err := client.Responses.New(ctx, responses.ResponseNewParams{
			Model: model,
			Input: responses.ResponseNewParamsInputUnion{OfInputItemList: input},
			Tools: []responses.ToolUnionParam{{OfFunction: &responses.FunctionToolParam{
				Name:        "get_weather",
				Description: openai.String("Tells the weather in a city."),
				Parameters:  placeSchema,
				Strict:      openai.Bool(true),
			}}},
		})
		if err != nil {
			return "", err
		}
		called := false
		for _, item := range answer.Output {
			if item.Type != "function_call" {
				continue
			}
			called = true
			call := item.AsFunctionCall()
			var where place
			if err := json.Unmarshal([]byte(call.Arguments), &where); err != nil {
				return "", fmt.Errorf("arguments of %s: %w", call.Name, err)
			}
			result := responses.ResponseInputItemParamOfFunctionCallOutput(weather(where))
			result.OfFunctionCallOutput.CallID = openai.String(call.CallID)
			input = append(input, responses.ResponseInputItemParamOfFunctionCall(call.Arguments, call.CallID, call.Name), result)
		}
		if !called {
			return answer.OutputText(), nil
		}
	}
	return "", errors.New("the model calls tools without end")
}

// respondStructured asks for an answer in the shape of personSchema, and returns it as JSON.
func respondStructured(ctx context.Context, client openai.Client, model string) (string, error) {
	answer, err := client.Responses.New(ctx, responses.ResponseNewParams{
		Model: model,
		Input: ask("Invent a person."),
		Text: responses.ResponseTextConfigParam{Format: responses.ResponseFormatTextConfigUnionParam{
			OfJSONSchema: &responses.ResponseFormatTextJSONSchemaConfigParam{Name: "person", Schema: personSchema, Strict: openai.Bool(true)},
		}},
	})
	if err != nil {
		return "", err
	}
	return answer.OutputText(), nil
}

// respondImage asks about a picture.
func respondImage(ctx context.Context, client openai.Client, model string, png []byte) (string, error) {
	picture := responses.ResponseInputContentParamOfInputImage(responses.ResponseInputImageDetailAuto)
	picture.OfInputImage.ImageURL = openai.String("data:image/png;base64," + base64.StdEncoding.EncodeToString(png))
	answer, err := client.Responses.New(ctx, responses.ResponseNewParams{
		Model: model,
		Input: responses.ResponseNewParamsInputUnion{OfInputItemList: responses.ResponseInputParam{
			responses.ResponseInputItemParamOfMessage(responses.ResponseInputMessageContentListParam{
				responses.ResponseInputContentParamOfInputText("What is in this picture?"),
				picture,
			}, responses.EasyInputMessageRoleUser),
		}},
	})
	if err != nil {
		return "", err
	}
	return answer.OutputText(), nil
}

// respondReasoning asks a model to think first and to sum its thinking up.
func respondReasoning(ctx context.Context, client openai.Client, model string) (thought, text string, tokens int64, err error) {
	answer, err := client.Responses.New(ctx, responses.ResponseNewParams{
		Model:     model,
		Input:     ask("Is 91 a prime number?"),
		Reasoning: shared.ReasoningParam{Effort: shared.ReasoningEffortLow, Summary: shared.ReasoningSummaryAuto},
	})
	if err != nil {
		return "", "", 0, err
	}
	for _, item := range answer.Output {
		if item.Type == "reasoning" {
			for _, part := range item.AsReasoning().Summary {
				thought += part.Text
			}
		}
	}
	return thought, answer.OutputText(), answer.Usage.OutputTokensDetails.ReasoningTokens, nil
}
