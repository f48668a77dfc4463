// Logging in and registering.

export default {
  "auth.login_title": "Log in",
  "auth.register_title": "Create an account",
  "auth.reset_title": "Set a new password",
  "auth.link_title": "Set a new password",
  "auth.invited":
    "You are invited to register here. No e-mail address is needed: if you forget your password, ask whoever runs this server for a link.",
  "auth.registration_invitation":
    "New here? Only people with an invitation can register: ask whoever runs this server for a link.",
  "auth.registration_closed": "New accounts cannot be made here: registration is closed.",
  "auth.email_domains": "Only addresses at {domains}.",
  "auth.reset_without_email": "No e-mail address? Ask whoever runs this server for a link.",
  "auth.login": "Log in",
  "auth.register": "Register",
  "auth.reset": "Set password",
  "auth.no_account": "New here?",
  "auth.have_account": "Already registered?",
  "auth.forgot": "Forgot your password?",
  "auth.back_to_login": "Back to log in",
  "auth.username_or_email": "Username or e-mail",
  "auth.username_hint": "3–20 characters: letters a–z, digits, _ - . It cannot be changed later.",
  "auth.password_hint": "At least 8 characters.",
  "auth.send_code": "Send code",
  "auth.send_again": "Send again",
  "auth.resend_in": { one: "Again in 1 s", other: "Again in {count} s" },
  "auth.code_by_mail": "{digits} digits, sent to your e-mail address.",
  "auth.code_in_terminal":
    "{digits} digits. No mail server is set up here: the e-mail is printed in the terminal this server runs in.",
  "auth.code_sent": "Sent to {email}. Nothing there? Look among the spam, too.",
  "auth.code_printed": "The code for {email} is in the terminal this server runs in.",
  "auth.reset_done": "Your new password is set. Log in with it.",
  "auth.password_changed":
    "Your password is changed and every device is logged out. Log in with the new one.",
  "auth.deleted": "Your account is deleted.",
  "auth.ended": "Your session has ended. Please log in again.",
};
