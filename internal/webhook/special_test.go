package webhook

import (
	"net/netip"
	"testing"
)

// special are the IANA special-purpose registries (iana-ipv4-special-registry and iana-ipv6-special-registry, as
// of 2025), with multicast and what else must never be called: metadata services among ordinary addresses.
// Every one is refused, also those that IANA calls globally reachable: no shop lives there.
var special = []string{
	"0.0.0.0/8", "0.0.0.0/32", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.0.0/29", "192.0.0.8/32",
	"192.0.0.9/32", "192.0.0.10/32", "192.0.0.170/32", "192.0.0.171/32", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.88.99.2/32",
	"192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "233.252.0.0/24", "240.0.0.0/4", "255.255.255.255/32",
	"169.254.169.254/32", // metadata of most clouds
	"169.254.170.2/32",   // AWS ECS
	"100.100.100.200/32", // Alibaba
	"192.0.0.192/32",     // Oracle
	"168.63.129.16/32",   // Azure
	"::/128", "::1/128", "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001::/32", "2001:1::1/128",
	"2001:1::2/128", "2001:1::3/128", "2001:2::/48", "2001:3::/32", "2001:4:112::/48", "2001:10::/28", "2001:20::/28", "2001:30::/28", "2001:db8::/32", "2002::/16",
	"2620:4f:8000::/48", "3ffe::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
	"fd00:ec2::254/128", // AWS metadata
	"fd20:ce::254/128",  // Google metadata
}

// lastOf is the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// middleOf is the first address of a prefix's upper half.
func middleOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	if i := p.Bits(); i < len(b)*8 {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// disguises are the ways to write an IPv4 address as an IPv6 one that reach it, or may.
func disguises(a netip.Addr) map[string]netip.Addr {
	v4 := a.As4()
	with := func(prefix string, at int) netip.Addr {
		b := netip.MustParseAddr(prefix).As16()
		copy(b[at:], v4[:])
		return netip.AddrFrom16(b)
	}
	teredo := netip.MustParseAddr("2001:0:4136:e378::").As16()
	for i, c := range v4 {
		teredo[12+i] = ^c
	}
	return map[string]netip.Addr{
		"mapped":            with("::ffff:0:0", 12),
		"compatible":        with("::", 12),
		"translated":        with("::ffff:0:0:0", 12),
		"NAT64":             with("64:ff9b::", 12),
		"local NAT64":       with("64:ff9b:1::", 12),
		"6to4":              with("2002::", 2),
		"Teredo":            netip.AddrFrom16(teredo),
		"ISATAP":            with("2a00:1450:4001:81b:0:5efe:0:0", 12),
		"ISATAP, universal": with("2a00:1450:4001:81b:200:5efe:0:0", 12),
	}
}

// public are addresses that deliveries go to.
var public = []string{"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "93.184.216.34", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255",
	"172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
	"2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "2001:200::1", "2003::1", "2620:4f:8001::1", "2a00:1450:4001:81b:0:5efe:808:808"}

// TestSpecialAddresses: the first, the middle and the last address of every special range is refused, and the
// IPv4 ones in every disguise (T41).
func TestSpecialAddresses(t *testing.T) {
	g := NewGuard(GuardOptions{})
	n := 0
	refused := func(what string, a netip.Addr) {
		t.Helper()
		n++
		if g.checkAddr(a) == nil || g.control("tcp", netip.AddrPortFrom(a, 443).String(), nil) == nil {
			t.Errorf("%s: %s is allowed", what, a)
		}
	}
	for _, s := range special {
		p := netip.MustParsePrefix(s)
		for _, a := range []netip.Addr{p.Masked().Addr(), middleOf(p), lastOf(p)} {
			refused(s, a)
			if a.Is4() {
				for how, d := range disguises(a) {
					refused(s+" as "+how, d)
				}
			} else {
				refused(s+" with a zone", a.WithZone("eth0"))
			}
		}
	}
	if n < 900 {
		t.Errorf("only %d addresses were looked at", n)
	}
	for _, s := range public {
		a := netip.MustParseAddr(s)
		network := "tcp4"
		if a.Is6() {
			network = "tcp6"
		}
		if err := g.control(network, netip.AddrPortFrom(a, 443).String(), nil); err != nil {
			t.Errorf("%s is refused: %v", s, err)
		}
	}
	// An allowed address in a disguise that is not its own is refused as well.
	for how, d := range disguises(netip.MustParseAddr("8.8.8.8")) {
		if (g.checkAddr(d) == nil) != (how == "ISATAP" || how == "ISATAP, universal") {
			t.Errorf("8.8.8.8 as %s (%s): %v", how, d, g.checkAddr(d))
		}
	}
}

// TestPortsAndNetworks: what is dialled has an allowed port, and is TCP.
func TestPortsAndNetworks(t *testing.T) {
	g := NewGuard(GuardOptions{Ports: []uint16{9443}})
	for address, want := range map[string]bool{"8.8.8.8:443": true, "8.8.8.8:8443": true, "8.8.8.8:9443": true, "8.8.8.8:80": false, "8.8.8.8:22": false, "8.8.8.8:6379": false,
		"8.8.8.8:0": false, "8.8.8.8:8080": false, "8.8.8.8": false, "": false, "example.com:443": false} {
		if got := g.control("tcp4", address, nil) == nil; got != want {
			t.Errorf("%q: allowed %v, want %v", address, got, want)
		}
	}
	for _, network := range []string{"udp4", "unix", "ip4", "tcp"} {
		if g.control(network, "8.8.8.8:443", nil) == nil {
			t.Errorf("%s is allowed", network)
		}
	}
	local := NewGuard(GuardOptions{AllowLoopback: true})
	for address, want := range map[string]bool{"127.0.0.1:80": true, "127.9.9.9:31337": true, "[::1]:80": true, "10.0.0.1:443": false, "169.254.169.254:80": false, "0.0.0.0:80": false,
		"[::ffff:10.0.0.1]:443": false, "8.8.8.8:80": false, "8.8.8.8:443": true} {
		network := "tcp4"
		if address[0] == '[' {
			network = "tcp6"
		}
		if got := local.control(network, address, nil) == nil; got != want {
			t.Errorf("with loopback allowed, %q: allowed %v, want %v", address, got, want)
		}
	}
}
