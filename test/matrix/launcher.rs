// Starts its first argument with the placeholder where its second one says.
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let placeholder = ["$VAULT", "<gh>"].concat();
    let mut command = std::process::Command::new(&arguments[1]);
    if arguments[2] == "argv" {
        command.arg(placeholder);
    } else {
        command.arg("x").env("T", placeholder);
    }
    command.status().unwrap();
}
