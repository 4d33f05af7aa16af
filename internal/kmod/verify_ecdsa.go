package kmod

import "math/big"

// curve is y² = x³ - 3x + b over the integers modulo p, with the base point g of
// order n (FIPS 186-4, D.1.2).
type curve struct {
	p, n, b *big.Int
	g       point
	size    int // of a coordinate in bytes
}

// point is one of a curve; its zero value is the one at infinity.
type point struct{ x, y *big.Int }

// ecdsaKey is a public key.
type ecdsaKey struct {
	curve
	q point
}

// curveOf returns the curve of an object identifier that the kernel checks
// modules with (crypto/ecc_curve_defs.h), false for others.
func curveOf(oid string) (c curve, ok bool) {
	number := func(hex string) *big.Int {
		n, _ := new(big.Int).SetString(hex, 16)
		return n
	}
	switch oid {
	case oidP256:
		return curve{
			number("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"), number("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
			number("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"), point{
				number("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"), number("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
			}, 32,
		}, true
	case oidP384:
		return curve{
			number("fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff"),
			number("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"),
			number("b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef"), point{
				number("aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"),
				number("3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f"),
			}, 48,
		}, true
	}
	return c, false
}

// key reads a public key: a point in the uncompressed form (SEC 1, 2.3.3); nil
// for what is none of the curve.
func (c curve) key(b []byte) *ecdsaKey {
	if len(b) != 1+2*c.size || b[0] != 4 {
		return nil
	}
	q := point{new(big.Int).SetBytes(b[1 : 1+c.size]), new(big.Int).SetBytes(b[1+c.size:])}
	if q.x.Cmp(c.p) >= 0 || q.y.Cmp(c.p) >= 0 {
		return nil
	}
	left := new(big.Int).Mul(q.y, q.y)
	right := new(big.Int).Mul(q.x, q.x)
	right.Mul(right.Sub(right, big.NewInt(3)), q.x).Add(right, c.b)
	if left.Sub(left, right).Mod(left, c.p).Sign() != 0 {
		return nil
	}
	return &ecdsaKey{c, q}
}

// verify checks a signature, a sequence of two integers (RFC 3279, 2.2.3), over a
// hash (FIPS 186-4, 6.4). What is worked with is known to everybody: it need not
// take the same time each time.
func (k *ecdsaKey) verify(hash, sig []byte) bool {
	d := derReader{sig}
	pair := d.into(derSequence)
	r, s := new(big.Int).SetBytes(pair.next(derInteger)), new(big.Int).SetBytes(pair.next(derInteger))
	if r.Sign() == 0 || s.Sign() == 0 || r.Cmp(k.n) >= 0 || s.Cmp(k.n) >= 0 {
		return false
	}
	e := new(big.Int).SetBytes(hash[:min(len(hash), k.size)]) // n has as many bits as its bytes hold
	w := s.ModInverse(s, k.n)
	u := e.Mul(e, w).Mod(e, k.n)
	v := w.Mul(w, r).Mod(w, k.n)
	sum, both := point{}, k.add(k.g, k.q)
	for i := k.n.BitLen() - 1; i >= 0; i-- {
		sum = k.add(sum, sum)
		switch u.Bit(i) + 2*v.Bit(i) {
		case 1:
			sum = k.add(sum, k.g)
		case 2:
			sum = k.add(sum, k.q)
		case 3:
			sum = k.add(sum, both)
		}
	}
	return sum.x != nil && sum.x.Mod(sum.x, k.n).Cmp(r) == 0
}

// add adds two points.
func (c curve) add(a, b point) point {
	switch {
	case a.x == nil:
		return b
	case b.x == nil:
		return a
	}
	slope, below := new(big.Int), new(big.Int)
	if a.x.Cmp(b.x) == 0 {
		if a.y.Cmp(b.y) != 0 || a.y.Sign() == 0 {
			return point{}
		}
		slope.Mul(a.x, a.x).Sub(slope, big.NewInt(1)).Mul(slope, big.NewInt(3))
		below.Lsh(a.y, 1)
	} else {
		slope.Sub(b.y, a.y)
		below.Sub(b.x, a.x)
	}
	slope.Mul(slope, below.ModInverse(below.Mod(below, c.p), c.p)).Mod(slope, c.p)
	x := new(big.Int).Mul(slope, slope)
	x.Sub(x, a.x).Sub(x, b.x).Mod(x, c.p)
	y := new(big.Int).Sub(a.x, x)
	y.Mul(y, slope).Sub(y, a.y).Mod(y, c.p)
	return point{x, y}
}
