-- Times are microseconds since the Unix epoch (UTC), money is nano-dollars.

CREATE TABLE orgs (
    name    TEXT   NOT NULL PRIMARY KEY,
    created BIGINT NOT NULL
);

CREATE TABLE teams (
    org     TEXT   NOT NULL REFERENCES orgs (name),
    name    TEXT   NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (org, name)
);

CREATE TABLE projects (
    org     TEXT   NOT NULL,
    team    TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (org, team, name),
    FOREIGN KEY (org, team) REFERENCES teams (org, name)
);

-- hash is the keyed hash of the secret; the secret is nowhere.
CREATE TABLE keys (
    id       TEXT   NOT NULL PRIMARY KEY,
    hash     BLOB   NOT NULL UNIQUE,
    name     TEXT   NOT NULL,
    org      TEXT   NOT NULL,
    team     TEXT   NOT NULL,
    project  TEXT   NOT NULL,
    prefix   TEXT   NOT NULL,
    models   TEXT   NOT NULL, -- JSON array
    created  BIGINT NOT NULL,
    expires  BIGINT NOT NULL, -- 0: never
    revoked  BIGINT NOT NULL, -- 0: not
    replaced TEXT   NOT NULL, -- id of the key that took its place
    FOREIGN KEY (org, team, project) REFERENCES projects (org, team, name)
);

-- How far each projection of the journal has come.
CREATE TABLE positions (
    name TEXT   NOT NULL PRIMARY KEY,
    next BIGINT NOT NULL
);

-- Who paid: one row per branch of the tree that ever made a call.
CREATE TABLE ledger_payers (
    id       INTEGER NOT NULL PRIMARY KEY,
    org      TEXT    NOT NULL,
    team     TEXT    NOT NULL,
    project  TEXT    NOT NULL,
    key_id   TEXT    NOT NULL,
    key_name TEXT    NOT NULL,
    UNIQUE (org, team, project, key_id)
);

-- By which price: one row per model, price and way of pricing.
CREATE TABLE ledger_tariffs (
    id        INTEGER NOT NULL PRIMARY KEY,
    provider  TEXT    NOT NULL,
    model     TEXT    NOT NULL,
    catalogue TEXT    NOT NULL,
    price_id  TEXT    NOT NULL,
    pricing   TEXT    NOT NULL,
    UNIQUE (provider, model, catalogue, price_id, pricing)
);

-- One row per settled call.
CREATE TABLE ledger (
    call_id       BLOB    NOT NULL UNIQUE,
    time          BIGINT  NOT NULL,
    payer         INTEGER NOT NULL REFERENCES ledger_payers (id),
    tariff        INTEGER NOT NULL REFERENCES ledger_tariffs (id),
    cost          BIGINT  NOT NULL,
    input_tokens  BIGINT  NOT NULL,
    output_tokens BIGINT  NOT NULL
);

CREATE INDEX ledger_time ON ledger (time);

-- The ledger summed by UTC day, so that a report of months reads no calls.
CREATE TABLE ledger_days (
    day           INTEGER NOT NULL, -- since the Unix epoch
    payer         INTEGER NOT NULL REFERENCES ledger_payers (id),
    tariff        INTEGER NOT NULL REFERENCES ledger_tariffs (id),
    calls         BIGINT  NOT NULL,
    cost          BIGINT  NOT NULL,
    input_tokens  BIGINT  NOT NULL,
    output_tokens BIGINT  NOT NULL,
    PRIMARY KEY (day, payer, tariff)
);

-- Prices that were set by hand: the newest of a model holds, the others are history.
CREATE TABLE price_overrides (
    id       INTEGER NOT NULL PRIMARY KEY,
    provider TEXT    NOT NULL,
    model    TEXT    NOT NULL,
    rates    TEXT    NOT NULL, -- JSON; empty: the override was withdrawn
    author   TEXT    NOT NULL,
    time     BIGINT  NOT NULL
);

CREATE INDEX price_overrides_model ON price_overrides (provider, model, id);
