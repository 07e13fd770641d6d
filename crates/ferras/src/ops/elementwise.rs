//! What NumPy has for each element besides the common functions.
use super::functions::functions;

functions! {
    /// Inverse hyperbolic cosine.
    arccosh = Arccosh(x);
    /// Inverse hyperbolic sine.
    arcsinh = Arcsinh(x);
    /// Inverse hyperbolic tangent.
    arctanh = Arctanh(x);
    /// The number whose third power is x.
    cbrt = Cbrt(x);
    /// Degrees as radians.
    deg2rad = Deg2rad(x);
    /// Radians as degrees.
    rad2deg = Rad2deg(x);
    /// |x| as a float.
    fabs = Fabs(x);
    /// sin(πx) / (πx), and 1 at 0.
    sinc = Sinc(x);
    /// The modified Bessel function of the first kind and order 0.
    i0 = I0(x);
    /// 1 − erf(x)
    erfc = Erfc(x);
    /// 0 below 0, 1 above, x2 at 0.
    heaviside = Heaviside(x1, x2);
    /// x1 · 2ˣ², of whole x2.
    ldexp = Ldexp(x1, x2);
    /// log₂(2ˣ¹ + 2ˣ²)
    logaddexp2 = Logaddexp2(x1, x2);
    /// The larger of both; where one is NaN, the other.
    fmax = Fmax(x1, x2);
    /// The smaller of both; where one is NaN, the other.
    fmin = Fmin(x1, x2);
    /// NaN and infinities as numbers; `()` for infinities is the largest and the least of the type.
    nan_to_num = NanToNum(x; nan, posinf, neginf);
    /// Bits that both have.
    bitwise_and = BitwiseAnd(x, y);
    /// Bits that one of both has.
    bitwise_or = BitwiseOr(x, y);
    /// Bits that exactly one of both has.
    bitwise_xor = BitwiseXor(x, y);
    /// All bits the other way round.
    bitwise_invert = BitwiseInvert(x);
    /// All bits the other way round.
    bitwise_not = BitwiseNot(x);
    /// Bits moved up by y places.
    bitwise_left_shift = BitwiseLeftShift(x, y);
    /// Bits moved down by y places; the sign stays.
    bitwise_right_shift = BitwiseRightShift(x, y);
    /// Bits moved up by y places.
    left_shift = LeftShift(x, y);
    /// Bits moved down by y places; the sign stays.
    right_shift = RightShift(x, y);
    /// The largest whole number that divides both.
    gcd = Gcd(x1, x2);
    /// The smallest whole number that both divide.
    lcm = Lcm(x1, x2);
    /// Whether the sign is minus, also of −0.
    signbit = Signbit(x);
    /// Whether x is −∞.
    isneginf = Isneginf(x);
    /// Whether x is +∞.
    isposinf = Isposinf(x);
    /// Whether x is real, as all numbers here are.
    isreal = Isreal(x);
    /// Whether |x1 − x2| ≤ atol + rtol · |x2|.
    isclose = Isclose(x1, x2, rtol, atol; equal_nan);
    /// Whether all elements of both are as near to each other.
    allclose = AllClose(x1, x2; rtol, atol, equal_nan);
    /// Whether each element of x1 is somewhere in x2.
    isin = IsIn(x1, x2; assume_unique, invert);
    /// The real part: x.
    real = Real(x);
    /// The imaginary part: 0.
    imag = Imag(x);
    /// The conjugate: x.
    conj = Conj(x);
    /// The conjugate: x.
    conjugate = Conjugate(x);
    /// 0, and π where x is negative.
    angle = Angle(x);
    /// The value, through which no gradient goes.
    stop_gradient = StopGradient(variable);
    /// As another element type, whose least and largest numbers stand for those beyond them.
    saturate_cast = SaturateCast(x; dtype);
}
