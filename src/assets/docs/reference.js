// Shows /openapi.json with Swagger UI, in the colours that the browser asks for. Nothing is loaded from elsewhere.
const dark = matchMedia('(prefers-color-scheme: dark)');
const dress = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', dress);
dress();

SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  docExpansion: 'list',
  // The shapes stand beside each operation; a list of sixty more would only be long.
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  filter: true,
  // Its colours are written into the page, out of a style sheet's reach.
  syntaxHighlight: { activated: false },
  // Else the document would be sent to a service of Swagger's, to be judged.
  validatorUrl: null,
});

// Swagger UI leaves its lists of examples without a name for those who do not see them.
const nameLists = () => {
  for (const list of document.querySelectorAll('.examples-select-element:not([aria-label])'))
    list.ariaLabel = 'Example';
};
new MutationObserver(nameLists).observe(document.body, { childList: true, subtree: true });
