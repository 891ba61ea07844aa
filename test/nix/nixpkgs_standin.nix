# A stand-in for the little of nixpkgs that nix/ uses: its module system and builder, in their
# shapes but without their checks.  The real ones can't be fetched by a test.
{ module, package, settings }:

let
  recursiveUpdate = a: b: a // builtins.mapAttrs
    (name: value:
      if builtins.isAttrs value && builtins.isAttrs (a.${name} or null)
      then recursiveUpdate a.${name} value
      else if builtins.isList value then (a.${name} or [ ]) ++ value
      else value)
    b;
  lib = {
    cleanSource = path: path;
    getLib = package: package;
    licenses.asl20 = "Apache-2.0";
    mapAttrsToList = f: set: map (name: f name set.${name}) (builtins.attrNames set);
    mkEnableOption = what: { default = false; };
    mkIf = condition: value: if condition then value else { };
    mkMerge = builtins.foldl' recursiveUpdate { };
    mkOption = option: option;
    platforms.linux = [ "x86_64-linux" "aarch64-linux" ];
    types = { package = "package"; path = "path"; str = "str"; attrsOf = type: type; };
  };
  pkgs = {
    coreutils = "/coreutils";
    git = "/git";
    stdenv = { hostPlatform.system = "x86_64-linux"; mkDerivation = attributes: attributes; };
  };
  # A package is a text here: its place.
  self.packages.x86_64-linux.default = "/diarchy";
  loaded = import module self { inherit config lib pkgs; };
  defaults = builtins.mapAttrs (_: builtins.mapAttrs (_: option: option.default or null))
    loaded.options.services.diarchy;
  config.services.diarchy = recursiveUpdate defaults settings;

  build = import package;
  arguments = builtins.attrNames (builtins.functionArgs build);
  # Every argument of the package is called by its own name.
  inputs = builtins.listToAttrs (map (name: { inherit name; value = name; }) arguments);
in
{
  systemd = loaded.config.systemd or { };
  package = removeAttrs (build (inputs // { inherit lib; inherit (pkgs) stdenv; })) [ "src" ];
}
