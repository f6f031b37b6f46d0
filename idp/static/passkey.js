// The pages of passkeys: the browser is asked for one, and its answer is posted. Without scripts, the page says what
// else works.
(function () {
  "use strict";

  var form = document.querySelector("form[data-options]");
  if (!form) {
    return;
  }

  function say(what) {
    document.querySelectorAll("[data-said]").forEach(function (one) {
      one.hidden = one.dataset.said !== what;
    });
  }

  function octets(text) {
    var binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(binary, function (letter) {
      return letter.charCodeAt(0);
    });
  }

  function text(buffer) {
    var binary = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  // WebAuthn §5.1.8, §5.1.9: many browsers in use do not read the JSON themselves yet.
  function asked() {
    var options = JSON.parse(form.dataset.options);
    options.challenge = octets(options.challenge);
    if (options.user) {
      options.user.id = octets(options.user.id);
    }
    (options.allowCredentials || options.excludeCredentials || []).forEach(function (one) {
      one.id = octets(one.id);
    });
    return options;
  }

  function answered(credential) {
    var told = {}, response = credential.response;
    ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (response[name]) {
        told[name] = text(response[name]);
      }
    });
    if (response.getTransports) {
      told.transports = response.getTransports();
    }
    return JSON.stringify({
      id: text(credential.rawId),
      rawId: text(credential.rawId),
      type: credential.type,
      response: told,
    });
  }

  function call() {
    var options = asked();
    return options.user
      ? navigator.credentials.create({ publicKey: options })
      : navigator.credentials.get({ publicKey: options });
  }

  var button = form.querySelector("[type=submit]");

  function start() {
    button.disabled = true;
    say("waiting");
    call().then(
      function (credential) {
        form.elements.credential.value = answered(credential);
        form.submit();
      },
      function (error) {
        button.disabled = false;
        say(error.name === "InvalidStateError" ? "known" : error.name === "NotAllowedError" ? "cancelled" : "failed");
      }
    );
  }

  if (!window.PublicKeyCredential || !navigator.credentials) {
    say("unsupported");
    return;
  }
  form.hidden = false;
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    start();
  });
  if (form.dataset.start) {
    start();
  }
})();
