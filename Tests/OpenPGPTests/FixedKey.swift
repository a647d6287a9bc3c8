/// A key and a signature that are the same in each run, made with GnuPG 2.2.40: the primary certifies, one
/// subkey signs, one decrypts. The secret key is gone.
enum FixedKey {
    static let text: [UInt8] = [1, 2, 3]

    static let publicKey = """
        -----BEGIN PGP PUBLIC KEY BLOCK-----

        mDMEaVW5ABYJKwYBBAHaRw8BAQdA/tQfveYk/mOKGJSzyO/OlU53GmeFBF0ubGQb
        L7s6Fam0BWZpeGVkiJAEExYIADgWIQRYw0wi7sf4LWC2G3gRym6w24TemgUCaVW5
        AAIbAQULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRARym6w24Temn/WAP4jlh0E
        KI7aaPKMgxM8SGucAITLGmkwpiP2AhpAgnux3gEA/ewz5OaHQsBojcEcbr/X1bAg
        eqwNQSYnxLonmZD9Wgu4MwRpVbkAFgkrBgEEAdpHDwEBB0DQR+ez2cWRbKZqUjDZ
        /cJjvufU1DRHpz6Fdpw9yFqCB4jvBBgWCAAgFiEEWMNMIu7H+C1gtht4EcpusNuE
        3poFAmlVuQACGwIAgQkQEcpusNuE3pp2IAQZFggAHRYhBMVuXzWy3jp1LtjH3Ey2
        JDfLLAbkBQJpVbkAAAoJEEy2JDfLLAbkqD0A/2jPPPf4qYSo89OW2HTdbqmXlQdc
        VvQAWbHWf4swHe0ZAP0fqDwCy3Rj740kPruU2h519YhiNcjIAe+exokdHrAqDZV8
        AP9y4rLOefBBYm2U3huc1ovC3TCQrmcuzWrFSg9uCZmwpAEAxILzNlj9cjc9BZXt
        YTVEp33HMNQX540tZJFvGSFxqAa4OARpVbkAEgorBgEEAZdVAQUBAQdAhkYNwDkY
        WNP6GuajHFskE5Z5wXCtHmeepbg6m4n3l3MDAQgHiHgEGBYIACAWIQRYw0wi7sf4
        LWC2G3gRym6w24TemgUCaVW5AAIbDAAKCRARym6w24TemsuoAP9eI2CW50PtYB7z
        wg8c96MYNRhZ8BSfCCGT/pKpHhhcIQD/ZJqtiUaF9CE7NTjALT0jrN9sfSch9qav
        g+S6wLFbKQ4=
        =7aEW
        -----END PGP PUBLIC KEY BLOCK-----
        """

    static let signature = """
        -----BEGIN PGP SIGNATURE-----

        iHUEABYIAB0WIQTFbl81st46dS7Yx9xMtiQ3yywG5AUCaVW5PAAKCRBMtiQ3yywG
        5LQOAP4kw9QHfrwL4eBerz0cvuj6kj7cbh27eEHy1fzLGEaHNAD9Huu9iWxyAxgA
        vohgoXGoe9/1WQadvyI9DGquX2N61Ac=
        =corf
        -----END PGP SIGNATURE-----
        """
}
