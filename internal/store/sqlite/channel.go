package sqlite

import (
	"database/sql/driver"
	"errors"
	"fmt"

	"kassa/internal/checkout"
	"kassa/internal/seal"
)

// channelDoc is the part of a channel that is only read whole.
type channelDoc struct{ Methods []checkout.Method }

const channelColumns = `id, merchant, version, psp, name, test, enabled, priority, doc, settings, data, created_at`

var errNoSeal = errors.New("sqlite: the store was opened without a secret key, so neither the settings of channels nor the secrets of endpoints can be read or written")

func settingsPlace(merchant, channel checkout.ID) seal.Place {
	return seal.Place{Merchant: string(merchant), Channel: string(channel), Field: "settings"}
}

func scanChannel(r *row, ch *checkout.Channel) {
	ch.ID, ch.Merchant, ch.Version = r.id(), r.id(), r.int()
	ch.PSP, ch.Name, ch.Test, ch.Enabled, ch.Priority = r.text(), r.text(), r.flag(), r.flag(), int(r.int())
	var d channelDoc
	r.doc(&d)
	ch.Methods = d.Methods
	sealed := r.blob()
	ch.Data, ch.CreatedAt = r.blob(), r.time()
	if sealed == nil || r.err != nil {
		return
	}
	if r.c.seal == nil {
		r.err = errNoSeal
		return
	}
	if ch.Settings, r.err = r.c.seal.Open(sealed, settingsPlace(ch.Merchant, ch.ID)); r.err != nil {
		r.err = fmt.Errorf("settings of channel %s: %w", ch.ID, r.err)
	}
}

// sealed gives the columns of a channel that need work: doc and settings.
func (c *conn) sealed(merchant checkout.ID, ch *checkout.Channel) (d string, settings driver.Value, err error) {
	if d, err = doc(channelDoc{ch.Methods}); err != nil || len(ch.Settings) == 0 {
		return d, nil, err
	}
	if c.seal == nil {
		return "", nil, internal(errNoSeal)
	}
	return d, c.seal.Seal(ch.Settings, settingsPlace(merchant, ch.ID)), nil
}

func (c *conn) channel(id checkout.ID) (checkout.Channel, error) {
	return one(c, "channel", scanChannel, `SELECT `+channelColumns+` FROM channels WHERE id = ?`, string(id))
}

func (c *conn) channels(merchant checkout.ID) ([]checkout.Channel, error) {
	return all(c, scanChannel, `SELECT `+channelColumns+` FROM channels WHERE merchant = ? ORDER BY priority, created_at, id`, string(merchant))
}

func (c *conn) insertChannel(ch *checkout.Channel) error {
	d, settings, err := c.sealed(ch.Merchant, ch)
	if err != nil {
		return err
	}
	return c.insert(`INSERT INTO channels (`+channelColumns+`) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`,
		string(ch.ID), string(ch.Merchant), ch.Version, ch.PSP, ch.Name, bit(ch.Test), bit(ch.Enabled), int64(ch.Priority),
		d, settings, bytesOpt(ch.Data), micros(ch.CreatedAt))
}

// updateChannel changes everything but what a channel keeps for life: its id, merchant, provider,
// test mode and the moment of creation.
func (c *conn) updateChannel(ch *checkout.Channel) error {
	d, settings, err := c.sealed(ch.Merchant, ch)
	if err != nil {
		return err
	}
	// The merchant is part of what the settings are sealed for, so a wrong one must not pass.
	n, err := c.exec(`UPDATE channels SET version = ?, name = ?, enabled = ?, priority = ?, doc = ?, settings = ?, data = ?
 WHERE id = ? AND version = ? AND merchant = ?`,
		ch.Version, ch.Name, bit(ch.Enabled), int64(ch.Priority), d, settings, bytesOpt(ch.Data), string(ch.ID), ch.Version-1, string(ch.Merchant))
	if err != nil || n == 1 {
		return err
	}
	return c.lost("channel", `SELECT 1 FROM channels WHERE id = ?`, string(ch.ID))
}
