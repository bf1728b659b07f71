package app

import (
	"context"
	"os"
	"time"

	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/provider"
	"github.com/steward-llmops/steward/internal/provider/awsauth"
	"github.com/steward-llmops/steward/internal/provider/googleauth"
)

// signerFor returns what signs a kind's requests where a key alone does not. A
// provider with a key sends that as it is.
func signerFor(kind provider.Kind, c config.Provider, key string, getenv func(string) string, now func() time.Time) (provider.Signer, error) {
	if key != "" {
		return nil, nil
	}
	secret := func(s config.Secret) (string, error) {
		if !s.IsSet() {
			return "", nil
		}
		return s.Resolve(getenv, os.ReadFile)
	}
	switch kind.Auth {
	case provider.AuthSigV4:
		o := awsauth.Options{Region: c.Region, Profile: c.Credentials.Profile, Now: now}
		for _, s := range []struct {
			from config.Secret
			to   *string
		}{{c.Credentials.AccessKey, &o.AccessKey}, {c.Credentials.SecretKey, &o.SecretKey}, {c.Credentials.SessionToken, &o.SessionToken}} {
			var err error
			if *s.to, err = secret(s.from); err != nil {
				return nil, err
			}
		}
		if c.Region == "" && c.BaseURL == "" {
			return nil, fault.New(fault.Invalid, "region_missing", "a provider of kind bedrock needs a region").Hinted("set region: us-east-1")
		}
		return awsauth.New(context.Background(), o)
	case provider.AuthGoogle:
		account, err := secret(c.Credentials.ServiceAccount)
		if err != nil {
			return nil, err
		}
		return googleauth.New(googleauth.Options{ServiceAccountJSON: []byte(account), Now: now})
	}
	return nil, nil
}
