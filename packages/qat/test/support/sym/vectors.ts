/**
 * Known answers of the algorithms, as the standards print them, in hexadecimal: AES of NIST SP 800-38A, appendix F; SHA of the FIPS 180
 * examples; HMAC of RFC 2202 and RFC 4231; GCM of McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B.
 */
import { type HashName, hashNames } from "./Hashes.ts"

interface CipherVector {
  readonly name: string
  readonly mode: "ecb" | "cbc" | "ctr"
  readonly key: string
  readonly iv: string
  readonly plaintext: string
  readonly ciphertext: string
}

const plaintext =
  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"

const counter = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
const vector = "000102030405060708090a0b0c0d0e0f"
const keys = {
  128: "2b7e151628aed2a6abf7158809cf4f3c",
  192: "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
  256: "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
} as const

const cipher = (mode: CipherVector["mode"], bits: keyof typeof keys, ciphertext: string): CipherVector => ({
  name: `AES-${bits}-${mode.toUpperCase()}`,
  mode,
  key: keys[bits],
  iv: mode === "ctr" ? counter : vector,
  plaintext,
  ciphertext
})

export const cipherVectors: ReadonlyArray<CipherVector> = [
  cipher(
    "ecb",
    128,
    "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4"
  ),
  cipher(
    "ecb",
    192,
    "bd334f1d6e45f25ff712a214571fa5cc974104846d0ad3ad7734ecb3ecee4eefef7afd2270e2e60adce0ba2face6444e9a4b41ba738d6c72fb16691603c18e0e"
  ),
  cipher(
    "ecb",
    256,
    "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870b6ed21b99ca6f4f9f153e7b1beafed1d23304b7a39f9f3ff067d8d8f9e24ecc7"
  ),
  cipher(
    "cbc",
    128,
    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b273bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"
  ),
  cipher(
    "cbc",
    192,
    "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd"
  ),
  cipher(
    "cbc",
    256,
    "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"
  ),
  cipher(
    "ctr",
    128,
    "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee"
  ),
  cipher(
    "ctr",
    192,
    "1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e941e36b26bd1ebc670d1bd1d665620abf74f78a7f6d29809585a97daec58c6b050"
  ),
  cipher(
    "ctr",
    256,
    "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"
  )
]

interface HashVector {
  readonly name: string
  /** Text. */
  readonly message: string
  readonly digests: Readonly<Record<HashName, string>>
}

export const hashVectors: ReadonlyArray<HashVector> = [
  {
    name: "empty",
    message: "",
    digests: {
      sha1: "da39a3ee5e6b4b0d3255bfef95601890afd80709",
      sha224: "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f",
      sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      sha384: "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
      sha512:
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
    }
  },
  {
    name: "one block",
    message: "abc",
    digests: {
      sha1: "a9993e364706816aba3e25717850c26c9cd0d89d",
      sha224: "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
      sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      sha384: "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
      sha512:
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    }
  },
  {
    name: "448 bits",
    message: "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    digests: {
      sha1: "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
      sha224: "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525",
      sha256: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
      sha384: "3391fdddfc8dc7393707a65b1b4709397cf8b1d162af05abfe8f450de5f36bc6b0455a8520bc4e6f5fe95b1fe3c8452b",
      sha512:
        "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c33596fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445"
    }
  },
  {
    name: "896 bits",
    message:
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
    digests: {
      sha1: "a49b2446a02c645bf419f995b67091253a04a259",
      sha224: "c97ca9a559850ce97a04a96def6d99a9e0e0e2ab14e6b8df265fc0b3",
      sha256: "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
      sha384: "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039",
      sha512:
        "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"
    }
  }
]

interface HmacVector {
  readonly name: string
  readonly hash: HashName
  readonly key: string
  readonly message: string
  /** Whole, or its leading bytes. */
  readonly digest: string
}

const larger = "aa".repeat(131)
const large = "aa".repeat(80)
const letters = {
  hi: "4869205468657265",
  jefe: "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
  truncated: "546573742057697468205472756e636174696f6e",
  largeKey:
    "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374"
} as const

/** One input of an RFC, with what each hash makes of it. */
const hmacs = (
  name: string,
  key: string,
  message: string,
  digests: Partial<Readonly<Record<HashName, string>>>
): ReadonlyArray<HmacVector> =>
  hashNames.flatMap((hash) => {
    const digest = digests[hash]
    return digest === undefined ? [] : [{ name: `${name}, ${hash}`, hash, key, message, digest }]
  })

export const hmacVectors: ReadonlyArray<HmacVector> = [
  ...hmacs("RFC 4231, 1", "0b".repeat(20), letters.hi, {
    sha224: "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22",
    sha256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    sha384: "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
    sha512:
      "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"
  }),
  ...hmacs("RFC 4231, 2", "4a656665", letters.jefe, {
    sha224: "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44",
    sha256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    sha384: "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
    sha512:
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
  }),
  ...hmacs("RFC 4231, 3", "aa".repeat(20), "dd".repeat(50), {
    sha224: "7fb3cb3588c6c1f6ffa9694d7d6ad2649365b0c1f65d69d1ec8333ea",
    sha256: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    sha384: "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27",
    sha512:
      "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"
  }),
  ...hmacs("RFC 4231, 4", "0102030405060708090a0b0c0d0e0f10111213141516171819", "cd".repeat(50), {
    sha224: "6c11506874013cac6a2abc1bb382627cec6a90d86efc012de7afec5a",
    sha256: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    sha384: "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb",
    sha512:
      "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"
  }),
  ...hmacs("RFC 4231, 5", "0c".repeat(20), letters.truncated, {
    sha224: "0e2aea68a90c8d37c988bcdb9fca6fa8",
    sha256: "a3b6167473100ee06e0c796c2955552b",
    sha384: "3abf34c3503b2a23a46efc619baef897",
    sha512: "415fad6271580a531d4179bc891d87a6"
  }),
  ...hmacs("RFC 4231, 6", larger, letters.largeKey, {
    sha224: "95e9a0db962095adaebe9b2d6f0dbce2d499f112f2d2b7273fa6870e",
    sha256: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    sha384: "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
    sha512:
      "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"
  }),
  ...hmacs(
    "RFC 4231, 7",
    larger,
    "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565647320746f20626520686173686564206265666f7265206265696e6720757365642062792074686520484d414320616c676f726974686d2e",
    {
      sha224: "3a854166ac5d9f023f54d517d0b39dbd946770db9c2b95c9f6f565d1",
      sha256: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
      sha384: "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e",
      sha512:
        "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"
    }
  ),
  ...hmacs("RFC 2202, 1", "0b".repeat(20), letters.hi, {
    sha1: "b617318655057264e28bc0b6fb378c8ef146be00"
  }),
  ...hmacs("RFC 2202, 2", "4a656665", letters.jefe, {
    sha1: "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
  }),
  ...hmacs("RFC 2202, 3", "aa".repeat(20), "dd".repeat(50), {
    sha1: "125d7342b9ac11cd91a39af48aa17b4f63f175d3"
  }),
  ...hmacs("RFC 2202, 4", "0102030405060708090a0b0c0d0e0f10111213141516171819", "cd".repeat(50), {
    sha1: "4c9007f4026250c6bc8414f9bf50c86c2d7235da"
  }),
  ...hmacs("RFC 2202, 5", "0c".repeat(20), letters.truncated, {
    sha1: "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"
  }),
  ...hmacs("RFC 2202, 5 of 96 bits", "0c".repeat(20), letters.truncated, {
    sha1: "4c1a03424b55e07fe7f27be1"
  }),
  ...hmacs("RFC 2202, 6", large, letters.largeKey, {
    sha1: "aa4ae5e15272d00e95705637ce8a3b55ed402112"
  }),
  ...hmacs(
    "RFC 2202, 7",
    large,
    "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b657920616e64204c6172676572205468616e204f6e6520426c6f636b2d53697a652044617461",
    {
      sha1: "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"
    }
  )
]
