package awsauth_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/provider"
	"github.com/steward-llmops/steward/internal/provider/awsauth"
)

const (
	accessKey = "AKIAIOSFODNN7EXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

func clock() time.Time { return time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC) }

func signer(t *testing.T, o awsauth.Options) *awsauth.Signer {
	t.Helper()
	o.Now = clock
	s, err := awsauth.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func static(service string) awsauth.Options {
	return awsauth.Options{Region: "us-east-1", AccessKey: accessKey, SecretKey: secretKey, Service: service}
}

func field(out *provider.Outgoing, name string) string {
	var values []string
	for _, f := range out.Extra {
		if f.Name == name {
			values = append(values, f.Value)
		}
	}
	return strings.Join(values, "|")
}

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestPublishedVectors checks the examples in Amazon's own guide to Signature
// Version 4 whose signed headers are those that Sign signs.
func TestPublishedVectors(t *testing.T) {
	tests := map[string]struct{ url, signature string }{
		"bucket lifecycle": {"https://examplebucket.s3.amazonaws.com/?lifecycle",
			"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
		"list of objects": {"https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J",
			"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out := &provider.Outgoing{Method: "GET"}
			if err := signer(t, static("s3")).Sign(t.Context(), out, parse(t, tt.url)); err != nil {
				t.Fatal(err)
			}
			want := "AWS4-HMAC-SHA256 Credential=" + accessKey + "/20130524/us-east-1/s3/aws4_request, " +
				"SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=" + tt.signature
			if got := field(out, "Authorization"); got != want {
				t.Errorf("signed as\n%s\nwant\n%s", got, want)
			}
			if got := field(out, "X-Amz-Date"); got != "20130524T000000Z" {
				t.Errorf("dated %s", got)
			}
		})
	}
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// byHand computes the signature step by step, as Amazon describes it.
func byHand(method, path, query, headers, signed, body, service string) string {
	request := strings.Join([]string{method, path, query, headers, signed, sum(body)}, "\n")
	scope := "20130524/us-east-1/" + service + "/aws4_request"
	text := "AWS4-HMAC-SHA256\n20130524T000000Z\n" + scope + "\n" + sum(request)
	key := mac(mac(mac(mac([]byte("AWS4"+secretKey), "20130524"), "us-east-1"), service), "aws4_request")
	return hex.EncodeToString(mac(key, text))
}

func TestSignsBedrockPaths(t *testing.T) {
	const host = "bedrock-runtime.us-east-1.amazonaws.com"
	tests := map[string]struct{ target, canonical string }{
		"a plain model":                 {"/model/zai.glm-4.7-flash/converse", "/model/zai.glm-4.7-flash/converse"},
		"a version behind a colon":      {"/model/amazon.nova-micro-v1:0/converse", "/model/amazon.nova-micro-v1%3A0/converse"},
		"a colon that is escaped":       {"/model/amazon.nova-micro-v1%3A0/converse-stream", "/model/amazon.nova-micro-v1%253A0/converse-stream"},
		"an ARN with an escaped slash":  {"/model/arn:aws:bedrock:us-east-1:1:inference-profile%2Fx.y-v1:0/invoke", "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%252Fx.y-v1%3A0/invoke"},
		"a prefix of the address ahead": {"/aws/model/m/converse", "/aws/model/m/converse"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			const body = `{"messages":[]}`
			// The URL is put together as provider.Do does.
			parsed, err := url.ParseRequestURI(tt.target)
			if err != nil {
				t.Fatal(err)
			}
			u := &url.URL{Scheme: "https", Host: host, Path: parsed.Path, RawPath: parsed.RawPath, RawQuery: parsed.RawQuery}
			out := &provider.Outgoing{Method: "POST", Target: tt.target, Body: []byte(body),
				Header: http.Header{
					"Content-Type": {"text/plain"}, "User-Agent": {"x"}, "X-Amz-Security-Token": {"the caller's"},
					"X-Amz-Date": {"20200101T000000Z"}, "X-Amz-Meta": {"kept"},
				},
				Extra: []provider.Field{{Name: "Content-Type", Value: "application/json"}, {Name: "Authorization", Value: "Bearer old"}},
			}
			if err := signer(t, static("")).Sign(t.Context(), out, u); err != nil {
				t.Fatal(err)
			}
			signed := "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta"
			want := byHand("POST", tt.canonical, "", "content-type:application/json\nhost:"+host+"\nx-amz-content-sha256:"+sum(body)+
				"\nx-amz-date:20130524T000000Z\nx-amz-meta:kept\n", signed, body, "bedrock")
			if got := field(out, "Authorization"); !strings.HasSuffix(got, "SignedHeaders="+signed+", Signature="+want) || strings.Contains(got, "|") {
				t.Errorf("signed as %s\nwant %s", got, want)
			}
			if got := field(out, "X-Amz-Content-Sha256"); got != sum(body) {
				t.Errorf("hash is %s, want %s", got, sum(body))
			}
			if u.Path != parsed.Path || u.RawQuery != "" || u.Host != host {
				t.Errorf("the address was changed to %s", u)
			}
		})
	}
}

func TestSigningAgainReplaces(t *testing.T) {
	out := &provider.Outgoing{Method: "POST", Body: []byte("{}")}
	o := static("")
	o.SessionToken = "session"
	s, u := signer(t, o), parse(t, "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse")
	for range 2 {
		if err := s.Sign(t.Context(), out, u); err != nil {
			t.Fatal(err)
		}
	}
	if len(out.Extra) != 4 || field(out, "X-Amz-Security-Token") != "session" {
		t.Errorf("fields are %v", out.Extra)
	}
	if !strings.Contains(field(out, "Authorization"), "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token") {
		t.Errorf("the token is not signed: %s", field(out, "Authorization"))
	}
}

func TestBearer(t *testing.T) {
	out := &provider.Outgoing{Method: "POST", Extra: []provider.Field{{Name: "Authorization", Value: "Bearer old"}}}
	o := static("")
	o.Bearer = "api-key"
	if err := signer(t, o).Sign(t.Context(), out, parse(t, "https://h/")); err != nil {
		t.Fatal(err)
	}
	if len(out.Extra) != 1 || field(out, "Authorization") != "Bearer api-key" {
		t.Errorf("fields are %v", out.Extra)
	}
}

func TestStreamedBodyIsHeld(t *testing.T) {
	u := parse(t, "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke")
	out := &provider.Outgoing{Method: "POST", Stream: strings.NewReader("body"), Length: -1}
	if err := signer(t, static("")).Sign(t.Context(), out, u); err != nil {
		t.Fatal(err)
	}
	if string(out.Body) != "body" || out.Stream != nil || field(out, "X-Amz-Content-Sha256") != sum("body") {
		t.Errorf("held %q, hash %s", out.Body, field(out, "X-Amz-Content-Sha256"))
	}
	long := &provider.Outgoing{Method: "POST", Stream: strings.NewReader(strings.Repeat("x", awsauth.MostStreamed+1))}
	if err := signer(t, static("")).Sign(t.Context(), long, u); !fault.Is(err, fault.TooLarge) {
		t.Errorf("a body over the limit: %v", err)
	}
}

// lonely makes a machine without any AWS set-up.
func lonely(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return dir
}

func TestFindsCredentials(t *testing.T) {
	files := map[string]string{
		"credentials": "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s1\n" +
			"[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = s2\naws_session_token = t2\n",
		"config": "[default]\nregion = eu-west-1\n[profile work]\nregion = ap-south-1\n",
	}
	tests := map[string]struct {
		env   map[string]string
		files bool
		o     awsauth.Options
		host  string
		scope string
	}{
		"in the environment": {env: map[string]string{"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-west-2"}, scope: "AKIAENV/20130524/us-west-2/"},
		"in the environment, with a region of the provider": {env: map[string]string{"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-west-2"},
			o: awsauth.Options{Region: "us-east-2"}, scope: "AKIAENV/20130524/us-east-2/"},
		"in the shared files":           {files: true, scope: "AKIADEFAULT/20130524/eu-west-1/"},
		"in a profile":                  {files: true, o: awsauth.Options{Profile: "work"}, scope: "AKIAWORK/20130524/ap-south-1/"},
		"given, and region by the host": {o: awsauth.Options{AccessKey: "AKIAGIVEN", SecretKey: "s"}, host: "bedrock-runtime.sa-east-1.amazonaws.com", scope: "AKIAGIVEN/20130524/sa-east-1/"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := lonely(t)
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			for file, text := range files {
				if !tt.files {
					break
				}
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			host := tt.host
			if host == "" {
				host = "localhost:8443"
			}
			s := signer(t, tt.o)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					out := &provider.Outgoing{Method: "POST"}
					if err := s.Sign(context.Background(), out, &url.URL{Scheme: "https", Host: host, Path: "/"}); err != nil {
						t.Error(err)
					} else if got := field(out, "Authorization"); !strings.Contains(got, "Credential="+tt.scope+"bedrock/") {
						t.Errorf("signed as %s, want %s", got, tt.scope)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestFaults(t *testing.T) {
	t.Run("half a key", func(t *testing.T) {
		for _, o := range []awsauth.Options{{AccessKey: accessKey}, {SecretKey: secretKey}} {
			if _, err := awsauth.New(t.Context(), o); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), secretKey) {
				t.Errorf("New: %v", err)
			}
		}
	})
	tests := map[string]struct {
		o    awsauth.Options
		file string
		kind fault.Kind
		hint string
	}{
		"no credentials anywhere": {awsauth.Options{Region: "us-east-1"}, "", fault.Upstream, "AWS_ACCESS_KEY_ID"},
		"a profile that is not":   {awsauth.Options{Region: "us-east-1", Profile: "nobody"}, "", fault.Upstream, `profile "nobody"`},
		"a process that talks":    {awsauth.Options{Region: "us-east-1", Profile: "p"}, "[profile p]\ncredential_process = echo s3cr3t\n", fault.Upstream, `profile "p"`},
		"no region":               {awsauth.Options{AccessKey: accessKey, SecretKey: secretKey}, "", fault.Invalid, "set region"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := lonely(t)
			if err := os.WriteFile(filepath.Join(dir, "config"), []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			err := signer(t, tt.o).Sign(t.Context(), &provider.Outgoing{Method: "POST"}, &url.URL{Scheme: "https", Host: "localhost", Path: "/"})
			f := fault.As(err)
			if f == nil || f.Kind != tt.kind || !strings.Contains(f.Hint, tt.hint) {
				t.Fatalf("Sign: %v (hint %q)", err, f.Public())
			}
			if text := fmt.Sprint(err, f.Public()); strings.Contains(text, secretKey) || strings.Contains(text, "s3cr3t") {
				t.Errorf("a secret is in %q", text)
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	s, err := awsauth.New(b.Context(), static(""))
	if err != nil {
		b.Fatal(err)
	}
	u := &url.URL{Scheme: "https", Host: "bedrock-runtime.us-east-1.amazonaws.com", Path: "/model/m/converse"}
	body := make([]byte, 2048)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Sign(b.Context(), &provider.Outgoing{Method: "POST", Body: body}, u); err != nil {
			b.Fatal(err)
		}
	}
}
