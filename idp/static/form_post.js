// The answer to the application sends itself. Without scripts, a button does it.
document.querySelector("main form").submit();
