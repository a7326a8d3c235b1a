// Shows a password while it is typed: a button beside each password field. Without it, the forms work all the same.

const label = (isShown) => (isShown ? 'Hide password' : 'Show password');

const addButton = (input) => {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'reveal';
  const show = (isShown) => {
    input.type = isShown ? 'text' : 'password';
    button.textContent = isShown ? 'Hide' : 'Show';
    button.setAttribute('aria-label', label(isShown));
  };
  button.setAttribute('aria-controls', input.id);
  button.addEventListener('click', () => {
    show(input.type === 'password');
    input.focus();
  });
  // A browser keeps what is typed into a text field, and offers it to others who use it.
  input.form.addEventListener('submit', () => show(false));
  show(false);
  input.parentElement.classList.add('has-reveal');
  input.after(button);
};

for (const input of document.querySelectorAll('input[type=password]')) addButton(input);
