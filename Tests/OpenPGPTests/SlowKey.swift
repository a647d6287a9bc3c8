/// RSA keys of 3,072 bits with unusual public exponents, each signed by itself. The secret keys are gone.
///
/// Any odd number that leaves the right rest, divided by the order, is an exponent: however long it is, signing is as
/// quick as ever.
enum SlowKey {
    static let exponentOf12000Bits = """
        -----BEGIN PGP PUBLIC KEY BLOCK-----

        xsamBGlVuQABDADPfbEsGky2IU2CBY88pTOYGnpeOQSlTML8TWEPyMi6zHCvfK96GQ0f716nHnaZ
        dCNDF6WVBGMvNvQp9iGjPd2ljTzh1bxujtwOO/C6btB2hpuQhB/+UegneIukTrph+QBFbpUVUS7B
        zNr0bF5OTgcdUb8R/ceOo0toef+LWmaYjlBdY54aKIpBKCPsmxhUaIfiR4HevjXQLeJTEUDI3v7V
        qKhiNqKQP+SNXtqZKBrcFGUBfsTXv0rtaTSfNLcX/noD75+Z+Fj1Vne0l/hIDtr+LQqaLo9snRGG
        BwPrqGC0SLJBWxp0+cOXMJqQH0eflyNHJz/E1mpzCxJE8tjKJhx/pkuX34ts1cauBQ9znJyAVfu+
        8r5k6Wltr/EVd23ZtrIkfq2awDdBpNZCIxfGlPgS/0NDCZD9n4dPI9XblqZKQNt7yqogHQroaxR6
        DctxC0MN6semuYbwZmzLB31NGzYv8yOSTIkUR0ypyC7OIvnafo07EJF6i2pdxZwlDPlnB+Eu4PHc
        fZ2YANT7fw8o96M2ug7S6JZoLi0Ug4ALvGhcJXCJI9R8ao4TdvwxSiGBadguyMzrNaVPtHkt9Cnh
        kH11b8L56h7Zphe5EtCyEia/D9KALso3KGAXObAhMJufqHzmCfHomY3CF8R/C72X0yW7+Q7RcAeW
        puqWMe+Zk1lWaqcXxB37mM1dGH9wFcHmhd3hLfJd3ghyfqsh4766K0OYfxLAxjrXksvxkcSGsc86
        VFfGdYVhU8e6dHUxEiI0Ij+RgY7FK8k5Ou5h4IggXdbB75+dqagdcFCqvK43AEMLwmfjiHogiykk
        hZh+8KLozEXFDlWCLcM7h5hTCVFwrhZCnnjreG7Yzv0+4acmyqiuIQAx/ITNL6Q2O/NCkNriZoqY
        ipzkcb/B5UrBjcRtfWBITRlWCmfr2huVbGG8kwE9uo0qy7V4MO95e1tQboKSqOWZi+0y2XsO2Jzx
        okEhWrTTnxVuEb/VATahP5l9eA7m677ckihaYMiwU0wKN1ouYMNnzFUpkelvgy5z+JSf0npNc6ze
        Q+wx8MH51LwtrZuLgP7P+5Ue0m1igntxWYcHqHY9Nnq2asiZbGJkkNP0qbo1uMtXH1o1AWZnaGip
        c79dj0wYreOMzb+HoiD8sLY5vAZ67lIelEQTUKX4hiPeEcSfehGsLbRIH4j5my/2bH5fd4ACQIcd
        SYrF4BalrjutayiD3RDMAOLH4A+byHRo0QOwKDhIfD2e9zEY5V+S5Nysl93u+AXTYWibENUHCyfx
        W7ivUiLzfPi9B1EN7FDKy0+LtlMFxCHSDahzEdHjPrczIDbGHB2RuT1RnlJpVYnIseBwr9beriVH
        CZQIduvqncscqMUxeNJeaLhxSvR+OYPfaT9nGN+h5Obd2QbnYOODYcO2akYOesfY1kPhit1z9d9L
        OFj0VNJupD0X/VFVpN6hjRWvF5BkqxC0pc0+O31g64yQqLmwoqySWyh2OBbywHoHHe78FG0IE8Ti
        iM1sltWLffjHHNG7Tuvc13BTtIaqauwBzxFhXm6hYaRtg/7F9NxnSdxycFSSjg/PHusUnRzfyZ5D
        3s0fPkIlEjTF1fnatG3lYBI9kxE9oOVj8O/G2J3uTxX/OAohX0W/wwQTtnglS1CHcGctbXm1Cg8U
        Lplj8KxQkaP0f0yXVkSeboayLwBDhoI7oslLRAHD6c0hnLcBKlEGIqRb+Ww9ADP+oo1AdVN5QZwj
        xhH68hJXdEoHVSFqagCabCCCM+vk48qyHASHs7w73V2CSUnQAY9M7xHc2IDrDv2RzvGQVwufqPSs
        ssM/b+4rXsoMY9iXUuQcmpHxABRfttyZ2dUhXPINepfozxl11o9WyWoY3DdALU5ebvPmd+b1zuac
        PGcSqeuOa1movYPjJQGeCb44tRCGPdyYdNvNYMOI2r24k/DpS27v6aj5SCjPX7Uxu8U/dw8UBYIb
        EvzA4DA0edAyZ2cqinsyBUiq6rOtdPyyRHVaM/oTyIatLdCaEZtGAXlhquE+4xLx44ywTktwsd6d
        DkJBItZMiXqTC/ZhyyKy9zd2lWx23M+yORuvzCGWdQjna9555BkIlBbGI6YBtX+3azcvuPt8foNl
        7kC7ZJLwiODHwKNDKmdcp/HDVQm1AKj4YM8f9X6nJR/Uxc1RYbMY9MC/Er++RLqWfvfxFVOnGOYm
        LCaZtSLc6NAnGsoi4jRsByjlh/FzrcZpf0jzo4zXDDb8XTtbciyVNIi3zIVTZlyG2R7NJoGQvIH+
        b2aqIBJKXnWundTe4BzjkbWWp+HVP4SQP6b/hk32JP4jGW4++3vCkh1+/VnTIUOVzXtSsMODJ+Ve
        buWYyb1B9gAM6LgMmwpjtKlC6/Oo+jtLVI9AzW+flRxVtnutlXcE/bcTj8XGz50QhpEkrz4T4c3V
        XGcNeigMrEoW/HatTG5sNFeWdhrD4onhRFTedJzZCLfFtQ5a3gc9ayVhhdsGx/oZ+rY6ys7fm9r1
        FM3ADp+abZoRMPlJiAKkcc0Ec2xvd8LA8gQTAQgAJgUCaVW5AAIbAxYhBFG4364slFCWSDtK6tIF
        LhqMTcEPAgsJAhUIAADc1QwAtSexv++FO3gO2Dl5eVMVPdEpvz1+7u5NP0dVZiFZIU5OSsW8lfw3
        ADXj51PQlJMLnThscYLCDQaE5OHa3LjNH5w16pPHUwK3G/NCRK8pLkKxteOXP2fY5KWsy5uaYoLG
        iMQ/MSDBFhIuVZBfW9zt9InJoz1IFneplMXm2QNmkNbLscqnA3gxEBKmcqVPiDRxYrViOzafPEUi
        MwSDqkh+5jJVQ171XbYYfrberoy2Ur0ju9chu3MBlELQa6Jxmnd22BWavF/yTHmpfhrKmOUmcqv8
        3oyhWSiGDP9UAyExChU00IIM4Wv0ySHqdbPnxl2/XX8qJHAyt8vi+EuWML3R3Cl9yiWalYOmGhpR
        nf5qVF/RW4S60+DGAo/5+rG39dc8EDNKE0TxZ2gE8x7NCcbSYw+ohWPvYGMit/9kg7Q3lHk+/F7Z
        GMETUNuO6B5uPzJsxut1KqwRXov1vLLSuNu638AvNUucSZWy/BqUkAgjhqA+A4SCLFsd8ZIbIEfG
        FX1VzjgEaVW5ABIKKwYBBAGXVQEFAQEHQKhogYnSBUr0NqveYgV4l7ebPPbH4KGF4sCWt3G9rtpK
        AwEICcLA7AQYAQgAIAUCaVW5AAIbDBYhBFG4364slFCWSDtK6tIFLhqMTcEPAADEuAv+PUXRPQRb
        peVbVq/z84FeGTx+Bm+kYitrJSwnKVwCEUE4teGdPLTpjf6zCXcnkuy3sCdZVbF1cfgcvwTcO0wG
        xzbpTF6yktjJoy8oF3up2ZOBa5ohGNlLaVanTYuwQTyzFg5ezCjmPrPo/C9A7Z/z1fZ84Md5fMfm
        E1SskmlLCsrhgSuPQ/lFwSjsQ/O4frPKo41m5Jwziphsh0J3zppBN3RbtK48/qpWK5yIM/JJYzsF
        ZNDLyv0gYjhQY9eX/lFtLtSQyMfH6Z5RaTpcxA7b7kCu9xFSx3MO+kqBasAtunEurt75YFPUNcnX
        WOHmRPwXxr+jlQC7UXhtlJmwXevXPGJBuHWIV1KVfjTp65aZk7hvdhN0SmPDw5DiahXDU0D+KG4Q
        bb7XU5Fe5PHDzsQsKNvxae8UVgfqZJZXypeIAdDwBCpnHcifxbV4iM0gYL/uh9h4FcPT+bizqKVo
        hZ8cE9vq1YuR75ym0RWZes9Et2U/YVzk9iqIXv7V0L+xr4nz
        -----END PGP PUBLIC KEY BLOCK-----
        """

    static let exponentOf64Bits = """
        -----BEGIN PGP PUBLIC KEY BLOCK-----

        xsDSBGlVuQABDACpvFdq7GH8RPrZPk+AK4JaNQOUzDuG9HqnOEl3Ka/aSwRIQPNJK3p/0M0EIlSV
        11T3Q2s7rcHXGWwxE1tBEeF7E++yh2OtpOe1fQoQLS/k6KkB3WEPFYqx/xw7NoKik09Xn9wKL025
        fRgws5Qcyqp8yWMudIOvdQ2OFyVnawCz36pyxtgF6jNOIsn23zWy0RS7JJCV6VLzaV06SEvpGH01
        GNgrynbecNRVeCgeVkyUZo6KREkJVVwMJJAQuW1Z2T0x97f7YMrn9fFEY4UDG9sYSvIx8gx32ZGt
        ieOTroX7alnJEj8m8wamrZdVkb42t8PJrY5M6UcRLpCpBYfZHN/ZWJ9lRDt/krOBOeji6DyVkkp4
        0LdyHBXyL9A3vB5FbiGByEUp9BD42E61dlDOB+ppwG/qTuJPuzLSJ5j6B5WmWfaPZE+d4ikrbdfZ
        posQ6LDHRTZ3DfwMb6xgUfCJxMHiwPZCnpB0sKo6SJw20VRpgIBuQ4wwe6yaN9pw4aKGF4cAQJt8
        dSymOax5zQRzbG93wsDyBBMBCAAmBQJpVbkAAhsDFiEE72p9Mh6YPlQssmVNvS5IJR9oOJ4CCwkC
        FQgAADXHDACVbqsKMuNFQ8y2niz3TPzN+umyxhfmgc8QAswJvyFz/2av5AR1ULAtfpPV2y/JxheP
        1U+yR/ra5ZctYEN0OGqapcd2sqJlSE+1/7MWJdy9qze+DKbuz4cTtxP2F0Mrfz0ufqZHTR/0HNzn
        b06IAto9kC6xwscfxgWDHE4MoCxbo6Mg+bkbof/WKWIOmpkBBGR6r+WvzKiH4FTvPHbr5S/+bnHP
        1de1GAXFsxu/hJgaBks+upD/9oJqDGcGwjm5ccXzljvMSlhNCK8U7bjRZLDU/+gChwRIvgvs9IBT
        5U+MMiQyHZw7PyFiQms15TsTH8Sc8HfRTAmz87/F8xf4aHSR46Ji4S5B+RFrvrE3NzBjgIhUbxVa
        gSakx4GquUVSwucSQaptQ11uII2/RP0mMrGshp7ZI0T++q5vKmKDmOfgEKvHLsc09aWdxydG5V76
        DOhV7Juq2b4jX1iDoATmikJBQN0k1rz2HvG5wR0ngHnmxB9pReUYV7NGJjdpDbj+lkLOOARpVbkA
        EgorBgEEAZdVAQUBAQdAf0dxAL9LgEa7pSSkfe/XK/MPcH894RnO8Ci1stm6L1kDAQgJwsDsBBgB
        CAAgBQJpVbkAAhsMFiEE72p9Mh6YPlQssmVNvS5IJR9oOJ4AADZCC/9hFxuLxuFBfdhfenNaY1hO
        qMTE9lWx3vSFmeoe4uwZsAgVLE9xzz4+xJ+LAmy6xQhfdd6c+Ew7Mw6j8yTT/TQ2UMwOweUAN9zf
        rQs4p9Azq5vfQyBWlZ5IVF9loxF/3O6QLyIjZ/3FHjyJiCgScUOlXGxZIoeeslOrbfBS1e18v6EE
        6xLADKIrvAGE0ygADD4yCK++Z1aFv6wC1atMy3DTw2xkPfNkI6rEj8Qv6G8M3NoMo5JnVyZolB5Y
        Q/9MMIyyGrS0YwWg5uitCxmkUQmA+/e5Z5PHygNcoOohkMwv9YuBsah7lgv1HRfCGs7fZoeMMrbr
        DfDQHhVuqxmsYSFmdy9ZYIM5+goYFYbmLCDI5KuWnAOx4stoZjz0/7nYzOBAjpJVjb1FaHAoLOh6
        9f5mriZkRUnOTt3k9KyZZ8ek2qQ+IRxsNWdJTmIydgqHeXVVac4SR4RyjfEi/E5Qf9n7ZjOdrVKJ
        htsWscRbWT7ropHSD8TnAI6HLtr5whkFU2g=
        -----END PGP PUBLIC KEY BLOCK-----
        """
}
