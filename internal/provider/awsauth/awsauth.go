// Package awsauth signs requests to Amazon Bedrock: with Signature Version 4 by
// credentials that are given or found, or with a Bedrock API key.
package awsauth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/provider"
)

// Options say who signs. Bearer wins over keys, keys over Profile; with none of
// them credentials are looked for where AWS's own tools look: the environment,
// the shared files, the container's or the machine's role.
type Options struct {
	// Region is where the provider is. Empty: that of the credentials' profile or
	// environment, else the one that the address names.
	Region       string
	Profile      string // of the shared AWS files, roles and SSO included
	AccessKey    string
	SecretKey    string
	SessionToken string
	Bearer       string           // a Bedrock API key, sent as it is
	Service      string           // empty means "bedrock"
	Now          func() time.Time // nil means time.Now
}

// Signer signs requests. It is safe for concurrent use.
type Signer struct {
	o      Options
	signer *v4.Signer

	mu    sync.Mutex
	found *aws.Config // what the environment and the files say; nil: not looked yet
}

var _ provider.Signer = (*Signer)(nil)

// MostStreamed is how much of a body that comes as a stream is read into memory
// to be signed, in bytes. Bedrock takes at most 25 MB.
const MostStreamed = 25 << 20

// New checks the options. It reads no file and makes no connection: credentials
// that are not given are looked for by the first Sign.
func New(_ context.Context, o Options) (*Signer, error) {
	if (o.AccessKey == "") != (o.SecretKey == "") {
		return nil, fault.New(fault.Invalid, "provider_credentials", "AWS credentials need both access_key and secret_key").
			Hinted("set both, or neither to use the environment, the shared files or the machine's role")
	}
	if o.Service == "" {
		o.Service = "bedrock"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Signer{o: o, signer: v4.NewSigner()}, nil
}

// Sign adds the fields that authenticate out, which goes to u, to out.Extra. A
// body that is a stream is read into out.Body, because its hash is signed.
// Errors are faults, without any secret.
func (s *Signer) Sign(ctx context.Context, out *provider.Outgoing, u *url.URL) error {
	if s.o.Bearer != "" {
		set(out, "Authorization", "Bearer "+s.o.Bearer)
		return nil
	}
	credentials, region, err := s.credentials(ctx)
	if err != nil {
		return err
	}
	if region == "" {
		region = regionOf(u.Hostname())
	}
	if region == "" {
		return fault.New(fault.Invalid, "provider_region", "no AWS region is known").
			Hinted("set region of the provider, or AWS_REGION")
	}
	if err := hold(out); err != nil {
		return err
	}
	sum := sha256.Sum256(out.Body)
	hash := hex.EncodeToString(sum[:])
	set(out, "X-Amz-Content-Sha256", hash)
	req := &http.Request{Method: out.Method, URL: u, Host: u.Host, Header: signedHeader(out)}
	if err := s.signer.SignHTTP(ctx, credentials, req, hash, s.o.Service, region, s.o.Now()); err != nil {
		return fault.New(fault.Internal, "provider_signature", "the request to AWS cannot be signed").Because(err)
	}
	for _, name := range []string{"X-Amz-Date", "X-Amz-Security-Token", "Authorization"} {
		if v := req.Header[name]; len(v) > 0 {
			set(out, name, v[0])
		}
	}
	return nil
}

// credentials returns those that sign now, and the region that belongs to them.
func (s *Signer) credentials(ctx context.Context) (aws.Credentials, string, error) {
	if s.o.AccessKey != "" {
		return aws.Credentials{
			AccessKeyID: s.o.AccessKey, SecretAccessKey: s.o.SecretKey, SessionToken: s.o.SessionToken,
		}, s.o.Region, nil
	}
	c, err := s.load(ctx)
	if err != nil {
		return aws.Credentials{}, "", s.unusable("the AWS configuration cannot be read", err)
	}
	credentials, err := c.Credentials.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, "", s.unusable("no AWS credentials were found", err)
	}
	region := s.o.Region
	if region == "" {
		region = c.Region
	}
	return credentials, region, nil
}

func (s *Signer) unusable(what string, err error) error {
	var process *processcreds.ProviderError
	if errors.As(err, &process) { // whose text quotes what the process printed
		err = errors.New("credential_process gave no credentials")
	}
	f := fault.New(fault.Upstream, "provider_credentials", "%s", what).Because(err)
	if s.o.Profile != "" {
		return f.Hinted("check profile %q in the shared AWS files, or log in to it", s.o.Profile)
	}
	return f.Hinted("set credentials of the provider, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role")
}

// load reads the environment and the shared files once. A failure is not kept:
// the files may be mended while Steward runs.
func (s *Signer) load(ctx context.Context) (*aws.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found != nil {
		return s.found, nil
	}
	options := []func(*config.LoadOptions) error{}
	if s.o.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(s.o.Profile))
	}
	if s.o.Region != "" {
		options = append(options, config.WithRegion(s.o.Region))
	}
	c, err := config.LoadDefaultConfig(context.WithoutCancel(ctx), options...)
	if err != nil {
		return nil, err
	}
	s.found = &c
	return s.found, nil
}

// hold reads a body that comes as a stream.
func hold(out *provider.Outgoing) error {
	if out.Stream == nil {
		return nil
	}
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(out.Stream, MostStreamed+1))
	switch {
	case err != nil:
		return fault.New(fault.Cancelled, "client_closed", "the request's body broke off").Because(err)
	case n > MostStreamed:
		return fault.New(fault.TooLarge, "request_too_large", "the body is larger than the %d MiB that can be signed", MostStreamed>>20)
	}
	out.Body, out.Stream, out.Length = b.Bytes(), nil, 0
	return nil
}

// signedHeader returns the headers that AWS wants signed, beside the host: the
// content's type and all of its own.
func signedHeader(out *provider.Outgoing) http.Header {
	h := make(http.Header)
	for name, values := range out.Header {
		if provider.Forwardable(name) && signs(name) {
			h[name] = values
		}
	}
	extra := make(http.Header)
	for _, f := range out.Extra {
		if name := http.CanonicalHeaderKey(f.Name); signs(name) {
			extra[name] = append(extra[name], f.Value)
		}
	}
	for name, values := range extra { // which win, as they do on the wire
		h[name] = values
	}
	return h
}

func signs(name string) bool {
	return name == "Content-Type" || strings.HasPrefix(name, "X-Amz-") && name != "X-Amz-Date" && name != "X-Amz-Security-Token"
}

// set puts the field into out.Extra, in place of one that is there.
func set(out *provider.Outgoing, name, value string) {
	kept := out.Extra[:0:0]
	for _, f := range out.Extra {
		if http.CanonicalHeaderKey(f.Name) != name {
			kept = append(kept, f)
		}
	}
	out.Extra = append(kept, provider.Field{Name: name, Value: value})
}

// regionOf reads "bedrock-runtime.us-east-1.amazonaws.com"; "" for other hosts.
func regionOf(host string) string {
	host, amazon := strings.CutSuffix(strings.TrimSuffix(host, ".cn"), ".amazonaws.com")
	if !amazon {
		return ""
	}
	return host[strings.LastIndexByte(host, '.')+1:]
}
