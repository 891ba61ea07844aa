# A NixOS module: services.diarchy.site and services.diarchy.watcher.
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

  service = what: command: c: {
    description = "Diarchy ${what}";
    wantedBy = [ "multi-user.target" ];
    wants = [ "network-online.target" ];
    after = [ "network-online.target" ];
    path = [ pkgs.git ];
    serviceConfig = {
      Type = "notify";
      ExecStart = "${c.package}/bin/diarchy ${command} --lab ${c.labFile}";
      Restart = "always";
      RestartSec = 2;
      WatchdogSec = 60;
      LoadCredential = [ "diarchy-key:${c.keyFile}" ]
        ++ lib.mapAttrsToList (name: file: "${name}:${file}") c.credentials;
      DynamicUser = true;
      LockPersonality = true;
      MemoryDenyWriteExecute = true;
      NoNewPrivileges = true;
      PrivateDevices = true;
      PrivateTmp = true;
      ProtectClock = true;
      ProtectControlGroups = true;
      ProtectHome = true;
      ProtectHostname = true;
      ProtectKernelLogs = true;
      ProtectKernelModules = true;
      ProtectKernelTunables = true;
      ProtectProc = "invisible";
      ProtectSystem = "strict";
      RestrictAddressFamilies = [ "AF_INET" "AF_INET6" "AF_UNIX" "AF_NETLINK" ];
      RestrictNamespaces = true;
      RestrictRealtime = true;
      RestrictSUIDSGID = true;
      SystemCallArchitectures = "native";
      SystemCallFilter = [ "@system-service" "~@privileged @resources" ];
      UMask = "0077";
    };
  };
in
{
  options.services.diarchy = {
    site = options "a Diarchy site";
    watcher = options "a Diarchy watcher";
  };

  config.systemd.services = mkMerge [
    (mkIf cfg.site.enable {
      diarchy = lib.recursiveUpdate (service "site" "serve" cfg.site) {
        serviceConfig = {
          StateDirectory = "diarchy";
          StateDirectoryMode = "0700";
          ExecReload = "${pkgs.coreutils}/bin/kill -HUP $MAINPID";
          AmbientCapabilities = [ "CAP_NET_RAW" ];
          CapabilityBoundingSet = [ "CAP_NET_RAW" ];
          MemoryMax = "256M";
        };
      };
    })
    (mkIf cfg.watcher.enable {
      diarchy-watch = lib.recursiveUpdate (service "watcher" "watch" cfg.watcher) {
        serviceConfig = {
          StateDirectory = "diarchy-watch";
          StateDirectoryMode = "0700";
          CapabilityBoundingSet = [ "" ];
          MemoryMax = "64M";
        };
      };
    })
  ];
}
