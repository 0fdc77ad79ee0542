package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// errBlocked is what every refusal of the guard is, for ofError.
var errBlocked = errors.New("deliveries must not go there")

// GuardOptions say what is allowed beyond the standard.
type GuardOptions struct {
	// Ports are allowed beside 443 and 8443.
	Ports []uint16
	// AllowLoopback is for the demo: plain http too, and any port, but to this machine only.
	AllowLoopback bool
}

// Guard keeps deliveries out of the server's own network (reliability.md T40 to T42). It looks at the
// address that is really being dialled, after names were resolved, so neither a name that points
// inside nor one that changes its mind between two looks gets through.
type Guard struct {
	ports         []uint16
	loopback      bool
	addresses     *ssrf.Guardian
	dialer        net.Dialer
	afterApproval func(netip.AddrPort) error // tests: nothing leaves the machine
}

// denied4 and denied6 are what the library's table of IANA's special-purpose registries does not hold. That
// table refuses everything outside 2000::/3, and with it IPv4-mapped and -compatible addresses, NAT64
// (64:ff9b::/96, 64:ff9b:1::/48), unique local, link-local and multicast; inside of it Teredo and all
// of 2001::/23, 6to4, and documentation; of IPv4, shared address space (100.64/10, with Alibaba's metadata
// 100.100.100.200), link-local (169.254.169.254) and 192.0.0.0/24 (Oracle's 192.0.0.192).
var (
	denied4 = []netip.Prefix{
		netip.MustParsePrefix("168.63.129.16/32"), // Azure's wire server: a public address that is inside every machine there
	}
	denied6 = []netip.Prefix{
		netip.MustParsePrefix("3ffe::/16"), // 6bone, returned to IANA in 2006 (RFC 3701)
	}
)

// NewGuard makes a Guard.
func NewGuard(o GuardOptions) *Guard {
	g := &Guard{ports: append([]uint16{443, 8443}, o.Ports...), loopback: o.AllowLoopback}
	g.addresses = ssrf.New(ssrf.WithPorts(g.ports...), ssrf.WithDeniedV4Prefixes(denied4...), ssrf.WithDeniedV6Prefixes(denied6...))
	g.dialer = net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Control: g.control, Resolver: &net.Resolver{PreferGo: true}}
	return g
}

// CheckURL tells whether deliveries could go to a URL: https, no credentials, a host that is a name or an
// allowed address, an allowed port. What a name stands for is only known, and looked at, when it is
// dialled. The error says what is wrong, for the merchant.
func (g *Guard) CheckURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return errors.New("is not a URL")
	}
	host := u.Hostname()
	addr, err := netip.ParseAddr(host)
	isAddr := err == nil
	local := g.loopback && (host == "localhost" || isAddr && addr.Unmap().IsLoopback())
	switch {
	case u.Opaque != "" || host == "":
		return errors.New("must be absolute, with a host")
	case u.Scheme != "https" && (u.Scheme != "http" || !local):
		return errors.New("must be https")
	case u.User != nil:
		return errors.New("must not hold credentials")
	case u.Fragment != "":
		return errors.New("must not have a fragment")
	case !isAddr && !plainName(host):
		return errors.New("must have a host name, or an address in its usual form")
	}
	if local {
		return nil
	}
	port := uint64(443)
	if p := u.Port(); p != "" {
		if port, err = strconv.ParseUint(p, 10, 16); err != nil {
			return errors.New("must have a port from 1 to 65535")
		}
	}
	if !slices.Contains(g.ports, uint16(port)) {
		return fmt.Errorf("must have one of the ports %s", strings.Trim(strings.ReplaceAll(fmt.Sprint(g.ports), " ", ", "), "[]"))
	}
	if isAddr && g.checkAddr(addr) != nil {
		return errors.New("must not be an address that is reserved or private")
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return errors.New("must not be this machine")
	}
	return nil
}

// plainName reports a host name of letters, digits, dashes, underscores and dots whose last label is no number:
// 2130706433, 0x7f.1 and 127.1 are addresses to some resolvers (WHATWG URL, "ends in a number").
func plainName(host string) bool {
	if len(host) > 253 {
		return false
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 {
			return false
		}
		for i := range len(l) {
			c := l[i]
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	last := labels[len(labels)-1]
	_, err := strconv.ParseUint(last, 0, 64)
	digits := strings.Trim(last, "0123456789") == ""
	hex := len(last) >= 2 && (last[:2] == "0x" || last[:2] == "0X")
	return err != nil && !digits && !hex
}

// checkAddr refuses what is not a public address.
func (g *Guard) checkAddr(a netip.Addr) error {
	if err := g.addresses.SafeAddr(a); err != nil {
		return errors.Join(errBlocked, err)
	}
	if embedded, ok := isatap(a); ok && g.addresses.SafeAddr(embedded) != nil {
		return fmt.Errorf("%w: %s reaches %s", errBlocked, a, embedded)
	}
	return nil
}

// isatap finds the IPv4 address in an interface identifier of ISATAP (RFC 5214, 6.1): ::0:5efe:a.b.c.d below
// any prefix, with the universal bit or without.
func isatap(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() {
		return netip.Addr{}, false
	}
	b := a.As16()
	if b[8]&^0x02 != 0 || b[9] != 0 || b[10] != 0x5e || b[11] != 0xfe {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte(b[12:16])), true
}

// control is net.Dialer.Control: the last moment before a packet leaves.
func (g *Guard) control(network, address string, c syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", errBlocked, address)
	}
	if !g.loopback || !to.Addr().Unmap().IsLoopback() {
		if err := g.addresses.Safe(network, address, c); err != nil {
			return errors.Join(errBlocked, err)
		}
		if err := g.checkAddr(to.Addr()); err != nil {
			return err
		}
	}
	if g.afterApproval != nil {
		return g.afterApproval(to)
	}
	return nil
}

// dial connects to what is allowed.
func (g *Guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	return g.dialer.DialContext(ctx, network, address)
}
