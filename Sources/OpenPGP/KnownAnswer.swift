/// A public key and a detached signature made with GnuPG 2.2.40 for the self-test; the secret key is gone.
enum KnownAnswer {
    static let text = "countersign self-test\n"
    /// A minute after it was signed, in seconds since 1970.
    static let time: UInt64 = 1_767_225_720

    static let publicKey = """
        -----BEGIN PGP PUBLIC KEY BLOCK-----

        mDMEaVW5ABYJKwYBBAHaRw8BAQdALFZIQGILDX4P7iqoLp1ru/DVGKzm5Wu0/tJy
        EwDl2BS0CXNlbGYtdGVzdIiQBBMWCAA4FiEE2kB2ku+NoaLako3Zh8O+dF0QVTgF
        AmlVuQACGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQh8O+dF0QVTgJYwEA
        ti3EdmIXGs5kd+EwwpgzRwMVICxXsT8uk6zw2jxoi3MBAIBCLPqNCFdrmKktDhmd
        kSxheU1Xr9fmWhPB05LfZBME
        =YGXR
        -----END PGP PUBLIC KEY BLOCK-----
        """

    static let signature = """
        -----BEGIN PGP SIGNATURE-----

        iHUEABYIAB0WIQTaQHaS742hotqSjdmHw750XRBVOAUCaVW5PAAKCRCHw750XRBV
        OBouAP9gt/CRziSth8BxavpKurRWCVgDlUYzTvepxWO3nXqhAQEAwxJWAATkm623
        Zp6IH5jhHvEnNkkT4m2jBR86cK5l+AE=
        =tMv0
        -----END PGP SIGNATURE-----
        """
}
