package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/security/access"
)

const sqlInsertOrg = `
INSERT INTO orgs (name, created) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`

const sqlInsertTeam = `
INSERT INTO teams (org, name, created) VALUES ($1, $2, $3) ON CONFLICT (org, name) DO NOTHING`

const sqlInsertProject = `
INSERT INTO projects (org, team, name, created) VALUES ($1, $2, $3, $4) ON CONFLICT (org, team, name) DO NOTHING`

const sqlInsertKey = `
INSERT INTO keys (id, hash, name, org, team, project, prefix, models, created, expires, revoked, replaced)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (id) DO NOTHING`

// InsertKey keeps a key, and makes its organisation, team and project where they
// are new. An id that is taken is a fault.Conflict.
func (s *Store) InsertKey(ctx context.Context, k access.StoredKey) error {
	models, err := json.Marshal(k.Models)
	if err != nil {
		return fmt.Errorf("insert %s: %w", k.ID, err)
	}
	return s.change(ctx, "insert "+k.ID, func(tx *sql.Tx) error {
		if _, err := s.exec(ctx, tx, sqlInsertOrg, k.Org, k.Created); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, sqlInsertTeam, k.Org, k.Team, k.Created); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, sqlInsertProject, k.Org, k.Team, k.Project, k.Created); err != nil {
			return err
		}
		res, err := s.exec(ctx, tx, sqlInsertKey, k.ID, k.Hash[:], k.Name, k.Org, k.Team, k.Project,
			k.Prefix, string(models), k.Created, k.Expires, k.Revoked, k.Replaced)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return fault.New(fault.Conflict, "key_exists", "there is a key %s already", k.ID)
	})
}

const sqlUpdateKey = `
UPDATE keys SET expires = $2, revoked = $3, replaced = $4 WHERE id = $1`

// UpdateKey writes Expires, Revoked and Replaced; fault.NotFound if the key is not there.
func (s *Store) UpdateKey(ctx context.Context, k access.Key) error {
	return s.change(ctx, "update "+k.ID, func(tx *sql.Tx) error {
		res, err := s.exec(ctx, tx, sqlUpdateKey, k.ID, k.Expires, k.Revoked, k.Replaced)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return fault.New(fault.NotFound, "key_not_found", "there is no key %s", k.ID)
	})
}

const sqlKeys = `
SELECT id, hash, name, org, team, project, prefix, models, created, expires, revoked, replaced
FROM keys ORDER BY created, id`

// Keys returns every key, in order of Created.
func (s *Store) Keys(ctx context.Context) ([]access.StoredKey, error) {
	var list []access.StoredKey
	err := s.each(ctx, "read keys", sqlKeys, nil, func(scan func(...any) error) error {
		var k access.StoredKey
		var hash []byte
		var models string
		if err := scan(&k.ID, &hash, &k.Name, &k.Org, &k.Team, &k.Project, &k.Prefix, &models,
			&k.Created, &k.Expires, &k.Revoked, &k.Replaced); err != nil {
			return err
		}
		if len(hash) != len(k.Hash) {
			return fmt.Errorf("%s has a hash of %d bytes", k.ID, len(hash))
		}
		copy(k.Hash[:], hash)
		if err := json.Unmarshal([]byte(models), &k.Models); err != nil {
			return fmt.Errorf("models of %s: %w", k.ID, err)
		}
		list = append(list, k)
		return nil
	})
	return list, err
}

const sqlProjects = `
SELECT org, team, name, created FROM projects ORDER BY org, team, name`

// Projects returns every project that ever had a key, by name.
func (s *Store) Projects(ctx context.Context) ([]access.Project, error) {
	var list []access.Project
	err := s.each(ctx, "read projects", sqlProjects, nil, func(scan func(...any) error) error {
		var p access.Project
		err := scan(&p.Org, &p.Team, &p.Name, &p.Created)
		list = append(list, p)
		return err
	})
	return list, err
}
