# A NixOS module: services.diarchy.site and services.diarchy.watcher.
#
# The units are the package's own (dist/), so that their confinement is written once; here is only
# what a NixOS system says differently.  An empty text first in a list takes back what the unit says.
self:
{ config, lib, pkgs, ... }:

let
  cfg = config.services.diarchy;
  inherit (lib) mkEnableOption mkIf mkMerge mkOption types;

  options = what: {
    enable = mkEnableOption what;
    package = mkOption {
      type = types.package;
      default = self.packages.${pkgs.stdenv.hostPlatform.system}.default;
      description = "The program.";
    };
    labFile = mkOption {
      type = types.path;
      example = "/etc/lab/lab.yaml";
      description = "The lab's lab.yaml, in a checkout of its repo.";
    };
    keyFile = mkOption {
      type = types.str;
      example = "/run/secrets/diarchy-key";
      description = "The private key that `diarchy keygen` made; never in the Nix store.";
    };
    credentials = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = { discord-webhook = "/run/secrets/discord-webhook"; };
      description = "Secrets that lab.yaml names as {credential: NAME}, and the files that hold them.";
    };
  };

  unit = name: command: c: {
    systemd.packages = [ c.package ];
    systemd.services.${name} = {
      wantedBy = [ "multi-user.target" ];
      path = [ pkgs.git ];
      serviceConfig = {
        ExecStart = [ "" "${c.package}/bin/diarchy ${command} --lab ${c.labFile}" ];
        LoadCredential = [ "" "diarchy-key:${c.keyFile}" ]
          ++ lib.mapAttrsToList (credential: file: "${credential}:${file}") c.credentials;
      };
    };
  };
in
{
  options.services.diarchy = {
    site = options "a Diarchy site";
    watcher = options "a Diarchy watcher";
  };

  config = mkMerge [
    (mkIf cfg.site.enable (unit "diarchy" "serve" cfg.site))
    (mkIf cfg.site.enable {
      systemd.services.diarchy.serviceConfig.ExecReload =
        [ "" "${pkgs.coreutils}/bin/kill -HUP $MAINPID" ];
    })
    (mkIf cfg.watcher.enable (unit "diarchy-watch" "watch" cfg.watcher))
  ];
}
