# The program, from the tree that this file stands in.
{ lib, stdenv, meson, ninja, pkg-config, python3, libuv, sqlite, curl, libmicrohttpd, gnutls, nettle, jansson
, libyaml, pcre2, c-ares, zlib, libdeflate, snappy, xxHash, libxcrypt, cmocka, gmp }:

stdenv.mkDerivation {
  pname = "diarchy";
  version = "0.1.0";
  src = lib.cleanSource ../.;
  nativeBuildInputs = [ meson ninja pkg-config python3 ];
  buildInputs = [ libuv sqlite curl libmicrohttpd gnutls nettle jansson libyaml pcre2 c-ares zlib libdeflate snappy xxHash libxcrypt cmocka gmp ];
  # The pages need npm's packages, which a sandbox can't fetch: without them the binary says so.
  mesonFlags = [ "-Dweb=false" "-Dlibcurl=${lib.getLib curl}/lib/libcurl.so.4"
    "-Dlibsnappy=${lib.getLib snappy}/lib/libsnappy.so.1" ];
  meta = {
    description = "Runs two home datacenters as one lab";
    license = lib.licenses.asl20;
    mainProgram = "diarchy";
    platforms = lib.platforms.linux;
  };
}
