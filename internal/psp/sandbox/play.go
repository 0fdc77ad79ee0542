package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"kassa/internal/checkout"
)

// order is what an account asks the bank to make.
type order struct {
	account, reference, session checkout.ID
	merchant, number            string
	method                      checkout.Method
	amount                      checkout.Money
	email, phone                string
	returnURL, notifyURL        string
}

// How long an offer stands.
const (
	cardLife     = 30 * time.Minute
	phoneLife    = 60 * time.Second
	voucherLife  = 3 * 24 * time.Hour
	transferLife = 7 * 24 * time.Hour
	coinLife     = 30 * time.Minute
)

// create makes a payment, or finds the one that this reference already made.
func (b *Bank) create(ctx context.Context, o order) (*Payment, error) {
	if ctx.Err() != nil {
		return nil, errBusy // nothing was sent
	}
	if !o.amount.IsPositive() {
		return nil, refusedAmount
	}
	s := b.table.preset(o.method, o.email, o.phone, o.amount.Minor)
	fault := StartWell
	if s != nil {
		fault = s.AtStart
	}
	switch fault {
	case StartRejected:
		return nil, refusedScenario
	case StartRetryable:
		return nil, errBusy
	case StartTooMany:
		if b.tooMany(o.session) {
			return nil, errTooMany
		}
	case StartAmbiguousLost:
		return nil, errLost
	}
	p, err := b.insert(o, s)
	if err != nil {
		return nil, err
	}
	switch fault {
	case StartAmbiguous:
		return nil, errLost
	case StartServerError:
		return nil, errServer
	case StartSlow:
		if b.sleep(ctx, slowStart) != nil {
			return nil, errLost
		}
	}
	return p, nil
}

// tooMany reports whether a session asks for more than it may: within Delay of the first time that it asked.
func (b *Bank) tooMany(session checkout.ID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	until, known := b.busyUntil[session]
	if !known {
		until = b.now().Add(Delay)
		b.busyUntil[session] = until
	}
	return b.now().Before(until)
}

// sleep waits until a time has passed on the bank's clock, or ctx ends.
func (b *Bank) sleep(ctx context.Context, d time.Duration) error {
	for until := b.now().Add(d); ; {
		moved := b.sender.moved()
		wait := until.Sub(b.now())
		if wait <= 0 {
			return nil
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-moved:
			t.Stop()
		case <-t.C:
		}
	}
}

func (b *Bank) insert(o order, s *Scenario) (*Payment, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.open(); err != nil {
		return nil, err
	}
	if id, ok := b.byRef[refKey{o.account, o.reference}]; ok {
		p := b.byID[id]
		if p.Amount != o.amount || p.Method != o.method {
			return nil, refusedReused
		}
		return p, nil
	}
	p, err := draft(o, s, "sbx_"+b.token(), b.now())
	if err != nil {
		return nil, err
	}
	if s == nil && p.Kind == checkout.ActionConfirmOnPhone {
		s = b.table.byName["approve"]
	}
	if s != nil && len(s.Steps) > 0 {
		switch p.Kind {
		case checkout.ActionRedirect, checkout.ActionRedirectPost, checkout.ActionFields, checkout.ActionCrypto:
			p.Preset = s.Name // played when the payer comes to the page
		default:
			at := p.CreatedAt
			if s.AtStart == StartAmbiguous || p.Kind != checkout.ActionNone { // with an error 500 the trouble begins at once
				at = at.Add(PayerPause)
			}
			play(p, s, at)
		}
	}
	if err := b.put(p); err != nil {
		return nil, err
	}
	return p, nil
}

// draft is a payment that waits for its payer.
func draft(o order, s *Scenario, id string, now time.Time) (*Payment, error) {
	now = now.UTC().Truncate(time.Microsecond)
	p := &Payment{ID: id, Account: o.account, Reference: o.reference, Session: o.session, Merchant: o.merchant,
		Order: o.number, Method: o.method, Amount: o.amount, Moved: o.amount, Phone: o.phone, ReturnURL: o.returnURL, NotifyURL: o.notifyURL,
		CreatedAt: now, ChangedAt: now}
	switch o.method {
	case MethodMPesa:
		p.Kind = checkout.ActionConfirmOnPhone
		if o.phone == "" {
			return nil, refusedPhone
		}
	case MethodOXXO:
		p.Kind = checkout.ActionVoucher
	case MethodTransfer:
		p.Kind = checkout.ActionInstructions
	default:
		p.Kind = checkout.ActionRedirect
	}
	if p.Merchant == "" {
		p.Merchant = "Test merchant"
	}
	if s != nil && s.Kind != "" {
		p.Kind = s.Kind
	}
	life, code := cardLife, codeOfferOver
	switch p.Kind {
	case checkout.ActionConfirmOnPhone:
		life, code = phoneLife, codeNoAnswer
		if p.Phone == "" {
			p.Phone = "+254700000099"
		}
	case checkout.ActionVoucher:
		life, p.Offer = voucherLife, digits(p.ID, 14)
	case checkout.ActionInstructions:
		life, p.Offer = transferLife, "SBX"+digits(p.ID, 9)
	case checkout.ActionCrypto:
		life, p.Offer = coinLife, address(p.ID)
	}
	p.ExpiresAt = now.Add(life)
	p.Steps = []Step{{now, Waiting, ""}, {p.ExpiresAt, Expired, code}}
	if p.NotifyURL != "" {
		p.Notices = []Notice{p.notice("payment.", p.Steps[1])}
	}
	return p, nil
}

// play writes a scenario into a payment's future, from the moment of the decision on.
func play(p *Payment, s *Scenario, at time.Time) {
	at = at.UTC().Truncate(time.Microsecond)
	p.Scenario = s.Name
	if s.Ask && !p.Challenged {
		p.Challenged = true
		if !s.Never {
			return
		}
	}
	p.SilentUntil = time.Time{}
	if s.Trouble != AnswersWell {
		p.SilentUntil = at.Add(s.For)
	}
	p.Moved = p.Amount // whatever an earlier choice would have moved
	switch s.Lie {
	case LieAmount:
		p.Moved.Minor = 1
		if p.Amount.Minor == 1 {
			p.Moved.Minor = 2
		}
	case LieCurrency:
		p.Moved.Currency = "USD"
		if p.Amount.Currency == "USD" {
			p.Moved.Currency = "EUR"
		}
	case LieLess:
		p.Moved.Minor -= min(twentieth(p.Amount.Minor), p.Amount.Minor-1) // of a single minor unit nothing can be missing
	case LieMore:
		p.Moved.Minor += min(twentieth(p.Amount.Minor), math.MaxInt64-p.Amount.Minor)
	}
	steps := make([]Step, len(s.Steps))
	for i, e := range s.Steps {
		steps[i] = Step{at.Add(e.After), e.Status, e.Code}
	}
	p.follow(at, s.Notify, steps...)
}

func twentieth(minor int64) int64 { return max(1, minor/20) }

// follow replaces what has not happened by a moment with other steps, and their notifications.
func (p *Payment) follow(at time.Time, how NotifyMode, steps ...Step) {
	p.Steps = append(until(p.Steps, at), steps...)
	kept := p.Notices[:0]
	for _, n := range p.Notices {
		if n.Done || !n.Due.After(at) {
			kept = append(kept, n)
		}
	}
	p.Notices = kept
	for _, s := range steps {
		p.tell("payment.", s, how)
	}
}

// tell plans the notifications about one step.
func (p *Payment) tell(what string, s Step, how NotifyMode) {
	if p.NotifyURL == "" || how == NotifyNever {
		return
	}
	n := p.notice(what, s)
	p.Notices = append(p.Notices, n)
	switch how {
	case NotifyTwice:
		again := n
		again.Due = n.Due.Add(200 * time.Millisecond)
		p.Notices = append(p.Notices, again)
	case NotifyOutOfOrder:
		older := p.notice(what, Step{s.At.Add(-time.Second), Pending, ""})
		older.Due = n.Due.Add(time.Second)
		p.Notices = append(p.Notices, older)
	}
}

// notice is a new event about a step.
func (p *Payment) notice(what string, s Step) Notice {
	p.Events++
	return Notice{Event: derived("sbe_", p.ID, strconv.Itoa(p.Events)), Type: what + string(s.Status), Made: s.At, Due: s.At, Status: s.Status, Code: s.Code}
}

// derived makes an id of 128 bits that follows from the payment's, and is as hard to guess.
func derived(prefix, id, what string) string {
	sum := sha256.Sum256([]byte(prefix + id + " " + what))
	return prefix + hex.EncodeToString(sum[:16])
}

// decide plays what the payer chose. A payment that is no longer waiting stays as it is.
func (b *Bank) decide(id, scenario string) (*Payment, error) {
	return b.change(id, func(p *Payment, now time.Time) (bool, error) {
		if !p.open(now) {
			return false, nil
		}
		if p.Preset != "" && !p.Challenged {
			scenario = p.Preset
		}
		s := b.table.byName[scenario]
		if s == nil || len(s.Steps) == 0 || !s.Applies(p.Method) || (p.Challenged && s.Ask) {
			return false, refusedScenario
		}
		play(p, s, now)
		p.ChangedAt = now
		return true, nil
	})
}

// digits derives n digits from an id. They are for people; the id is what is unguessable.
func digits(id string, n int) string {
	sum := sha256.Sum256([]byte("offer " + id))
	v := binary.BigEndian.Uint64(sum[:])
	mod := uint64(1)
	for range n {
		mod *= 10
	}
	return fmt.Sprintf("%0*d", n, v%mod)
}

// address derives the address of a coin that nobody can spend.
func address(id string) string {
	sum := sha256.Sum256([]byte("address " + id))
	return "0x" + hex.EncodeToString(sum[:20])
}

// barcode is what a shop's scanner reads: the voucher and the amount.
func (p *Payment) barcode() string {
	return p.Offer + fmt.Sprintf("%010d", p.Amount.Minor%10_000_000_000)
}

// accountNumber is where a transfer goes, in the form of its currency's country.
func (p *Payment) accountNumber() checkout.Line {
	n := digits("account "+string(p.Account), 17)
	switch p.Amount.Currency {
	case "MXN":
		return checkout.Line{Label: checkout.LineCLABE, Value: clabe("646" + n[:14])}
	case "EUR":
		return checkout.Line{Label: checkout.LineIBAN, Value: iban("DE", n[:17]+"0")}
	}
	return checkout.Line{Label: checkout.LineAccountNumber, Value: n[:10]}
}

// clabe adds the check digit to 17 digits.
func clabe(d string) string {
	sum := 0
	for i := range d {
		sum += int(d[i]-'0') * []int{3, 7, 1}[i%3] % 10
	}
	return d + string(rune('0'+(10-sum%10)%10))
}

// iban puts the country and the check digits before an account.
func iban(country, account string) string {
	var all strings.Builder
	for _, r := range account + country + "00" {
		if r >= 'A' {
			fmt.Fprint(&all, r-'A'+10)
		} else {
			all.WriteRune(r)
		}
	}
	rest := 0
	for _, r := range all.String() {
		rest = (rest*10 + int(r-'0')) % 97
	}
	return fmt.Sprintf("%s%02d%s", country, 98-rest, account)
}
